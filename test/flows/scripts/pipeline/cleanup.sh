# Everything goes.
c=$($B from busybox)
$B commit -q "$c" localhost/a > /dev/null
$B from scratch > /dev/null
$B rm -a > /dev/null
$B rmi -a > /dev/null
$B images -q | wc -l | tr -d ' '
$B containers -q | wc -l | tr -d ' '
