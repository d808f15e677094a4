# A container that was not changed.
c=$($B from busybox)
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
