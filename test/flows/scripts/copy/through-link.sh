# A directory of the container that is a link.
c=$($B from busybox)
$B run "$c" sh -c 'mkdir /real; ln -s real /link; ln -s /etc /abs'
echo a > a
$B copy -q "$c" a /link/
$B copy -q "$c" a /abs/a
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
