# A file into a directory that is there, without a slash.
echo a > a
mkdir d
touch d/x
c=$($B from scratch)
$B copy -q "$c" d /d
$B copy -q "$c" a /d
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
