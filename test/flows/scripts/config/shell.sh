# A shell in Docker's format.
c=$($B from --format docker busybox)
$B config --shell '/bin/ash -e -c' "$c"
$B commit -q --format docker "$c" localhost/out > /dev/null
# compare: image localhost/out
