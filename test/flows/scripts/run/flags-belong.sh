# What stands behind the container is the command's.
c=$($B from busybox)
$B run "$c" echo --user root -e X=Y
$B run "$c" -- echo -- --flag
$B run "$c" ls -d /bin
