# Out of an image.
c=$($B from scratch)
$B copy -q --from localhost/busybox "$c" /bin/busybox /busybox
$B commit -q "$c" localhost/out > /dev/null
$B run "$($B from localhost/out)" /busybox echo runs
# compare: image localhost/out
