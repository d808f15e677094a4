# Docker's format.
printf 'FROM localhost/busybox\nHEALTHCHECK --interval=5s CMD true\nSHELL ["/bin/ash", "-c"]\nONBUILD RUN true\n' > Containerfile
$B bud -q --format docker -t localhost/out . > /dev/null
$B inspect --type image --format '{{.Docker.Config.Healthcheck.Test}} {{.Docker.Config.Shell}} {{.Docker.Config.OnBuild}}' localhost/out
