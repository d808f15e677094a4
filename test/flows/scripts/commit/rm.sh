# The container goes with --rm.
c=$($B from busybox)
$B commit -q --rm "$c" localhost/out > /dev/null
$B containers -q | wc -l | tr -d ' '
fails $B run "$c" true
