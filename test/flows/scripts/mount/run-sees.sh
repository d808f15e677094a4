# run sees what the mount has, and the other way round.
c=$($B from busybox)
m=$($B mount "$c")
echo outside > "$m/outside"
$B run "$c" cat /outside
$B run "$c" sh -c 'echo inside > /inside'
cat "$m/inside"
$B copy -q "$c" "$m/outside" /copied
cat "$m/copied"
$B umount "$c" > /dev/null
# as: unshare
