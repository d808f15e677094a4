# A container goes on after a commit.
c=$($B from busybox)
$B config --env A=1 "$c"
$B commit -q "$c" localhost/first > /dev/null
$B config --env B=2 "$c"
$B run "$c" touch /later
$B commit -q "$c" localhost/second > /dev/null
# compare: image localhost/first
# compare: image localhost/second
