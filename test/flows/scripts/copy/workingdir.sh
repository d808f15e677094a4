# Without a destination: the working directory.
echo a > a
c=$($B from busybox)
$B config --workingdir /srv "$c"
$B copy -q "$c" a
$B copy -q "$c" a sub/b
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
