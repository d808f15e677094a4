# Before and since another.
c=$($B from busybox)
$B commit -q "$c" localhost/second > /dev/null
$B config --env A=1 "$c"
sleep 1
$B commit -q "$c" localhost/third > /dev/null
$B images --format '{{.Name}}' --filter since=localhost/second | sort
$B images --format '{{.Name}}' --filter before=localhost/second | sort
