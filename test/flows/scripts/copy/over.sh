# Over what is there.
mkdir -p one/d two/d
echo 1 > one/d/same
echo 1 > one/d/only
echo 2 > two/d/same
c=$($B from scratch)
$B copy -q "$c" one /
$B copy -q "$c" two /
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
