# add unpacks archives, copy does not.
mkdir tree
echo a > tree/a
tar --owner=0 --group=0 -czf tree.tar.gz tree
c=$($B from scratch)
$B add -q "$c" tree.tar.gz /unpacked/
$B copy -q "$c" tree/a /plain/
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
