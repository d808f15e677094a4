# Into a file, out of the store, and back.
c=$($B from busybox)
$B run "$c" sh -c 'echo kept > /kept'
$B commit -q --rm "$c" localhost/kept:1 > /dev/null
$B push -q localhost/kept:1 oci-archive:kept.tar:localhost/kept:1
$B rmi localhost/kept:1 > /dev/null
$B pull -q oci-archive:kept.tar > /dev/null
$B run "$($B from localhost/kept:1)" cat /kept
