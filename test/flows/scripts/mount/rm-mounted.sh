# rm takes the mount away.
c=$($B from busybox)
m=$($B mount "$c")
$B rm "$c" > /dev/null
test -e "$m/bin" || echo gone
# as: unshare
