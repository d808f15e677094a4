# Files through the mount are files of the container.
c=$($B from busybox)
m=$($B mount "$c")
echo through > "$m/through"
mkdir -p "$m/opt/x"
cp "$m/through" "$m/opt/x/copy"
$B umount "$c" > /dev/null
$B run "$c" cat /through /opt/x/copy
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
# as: unshare
