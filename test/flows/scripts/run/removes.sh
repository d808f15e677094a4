# What a run removes is gone from the image.
c=$($B from busybox)
$B run "$c" sh -c 'mkdir -p /x/y; echo 1 > /x/y/a; echo 2 > /x/y/b'
$B commit -q "$c" localhost/first > /dev/null
d=$($B from localhost/first)
$B run "$d" rm /x/y/a
$B commit -q "$d" localhost/out > /dev/null
# compare: image localhost/out
