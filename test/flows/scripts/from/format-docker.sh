# Docker's format keeps what OCI's has no place for.
c=$($B from --format docker busybox)
$B config --healthcheck 'CMD true' --comment hello "$c" 2>/dev/null
$B commit -q --format docker "$c" localhost/out > /dev/null
$B inspect --type image --format '{{.Docker.Config.Healthcheck.Test}} {{.Docker.Comment}}' localhost/out
# compare: image localhost/out
