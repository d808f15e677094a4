# Docker's media types.
c=$($B from busybox)
$B config --label a=b "$c"
$B commit -q --format docker "$c" localhost/out > /dev/null
# compare: image localhost/out
