# Files and directories, to places that are there or not.
mkdir -p tree/sub
echo a > tree/a
echo b > tree/sub/b
echo single > single
c=$($B from busybox)
$B copy -q "$c" single
$B copy -q "$c" single /etc/renamed
$B copy -q "$c" single /new/directory/
$B copy -q "$c" tree /tree
$B copy -q "$c" tree/a tree/sub /several/
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
