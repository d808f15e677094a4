# A mounted container is committed as it is.
c=$($B from busybox)
m=$($B mount "$c")
echo x > "$m/x"
$B commit -q "$c" localhost/out > /dev/null
echo y > "$m/y"
$B umount "$c" > /dev/null
# compare: image localhost/out
# as: unshare
