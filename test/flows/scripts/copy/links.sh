# Links stay links within what is copied.
mkdir tree
echo file > tree/file
ln -s file tree/link
ln tree/file tree/hard
ln -s nowhere tree/dangling
c=$($B from scratch)
$B copy -q "$c" tree /tree
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
