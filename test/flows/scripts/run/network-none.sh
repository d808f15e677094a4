# No network but the loopback.
c=$($B from busybox)
$B run --isolation chroot --network host "$c" sh -c 'echo has host network'
