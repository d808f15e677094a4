# Its host name.
c=$($B from busybox)
$B run --hostname builder "$c" hostname
