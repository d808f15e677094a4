# A command that is not in the container.
c=$($B from busybox)
fails sh -c "$B run $c no-such-command; test \$? -ne 0"
$B run "$c" echo usable
