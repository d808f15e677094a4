# A health check in Docker's format.
c=$($B from --format docker busybox)
$B config --healthcheck 'CMD curl http://localhost/' --healthcheck-interval 5s --healthcheck-timeout 2s --healthcheck-retries 4 --healthcheck-start-period 1m "$c"
$B inspect --format '{{.Docker.Config.Healthcheck.Test}} {{.Docker.Config.Healthcheck.Retries}}' "$c"
echo
$B config --healthcheck 'NONE' "$c"
$B inspect --format '{{.Docker.Config.Healthcheck.Test}}' "$c"
