# One run finds what another left.
c=$($B from busybox)
$B run "$c" sh -c 'mkdir /state; echo 1 > /state/count'
$B run "$c" sh -c 'echo $(($(cat /state/count) + 1)) > /state/count'
$B run "$c" cat /state/count
