# umount names the container.
c=$($B from busybox)
$B mount "$c" > /dev/null
id=$($B umount "$c")
test "$id" = "$($B inspect --format '{{.ContainerID}}' "$c")" && echo 'its ID'
# as: unshare
