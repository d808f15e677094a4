# Variables of the container in values.
c=$($B from busybox)
$B config --env 'PATH=/opt/bin:$PATH' "$c"
$B config --env HOME_OF=/x --env 'WHERE=${HOME_OF}/y' "$c"
$B inspect --format '{{.OCIv1.Config.Env}}' "$c"
