# Into a list of platforms.
c=$($B from busybox)
$B manifest create localhost/list > /dev/null
$B commit -q --manifest localhost/list "$c" localhost/out > /dev/null
$B manifest inspect localhost/list | grep -c '"digest"'
