# An image that lost its name.
c=$($B from busybox)
$B commit -q "$c" localhost/moving > /dev/null
$B config --env A=1 "$c"
$B commit -q "$c" localhost/moving > /dev/null
$B images --noheading | awk '{ print $1, $2 }' | sort
