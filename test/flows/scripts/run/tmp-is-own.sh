# Nothing of the host is there.
touch /tmp/flow-mark-$$
c=$($B from busybox)
$B run "$c" sh -c "ls /tmp/flow-mark-$$ 2>/dev/null || echo not there"
rm /tmp/flow-mark-$$
