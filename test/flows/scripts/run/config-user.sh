# The user of the container, and one in its place.
c=$($B from busybox)
$B config --user 33:44 "$c"
$B run "$c" -- sh -c 'id -u; id -g'
$B run --user 0 "$c" id -u
# needs: ids
