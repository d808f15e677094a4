# Much output, none lost.
c=$($B from busybox)
$B run "$c" seq 1 20000 | tail -1
$B run "$c" seq 1 20000 | wc -l | tr -d ' '
