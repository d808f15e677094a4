# A health check in Docker's format.
c=$($B from --format docker busybox)
$B config --healthcheck 'CMD curl http://localhost/' --healthcheck-interval 5s --healthcheck-timeout 2s --healthcheck-retries 4 --healthcheck-start-period 1m "$c"
$B inspect --format '{{json .Docker.Config.Healthcheck}}' "$c"
echo
$B config --healthcheck 'NONE' "$c"
$B inspect --format '{{json .Docker.Config.Healthcheck.Test}}' "$c"
