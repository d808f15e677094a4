# What a base says stays until it is changed.
c=$($B from busybox)
$B config --env BASE=1 --label base=1 --port 80 --workingdir /base --cmd base --user 5 "$c"
$B commit -q "$c" localhost/base > /dev/null
d=$($B from localhost/base)
$B config --env OWN=2 --label own=2 "$d"
$B commit -q "$d" localhost/out > /dev/null
# compare: image localhost/out
