# To a place outside the store.
c=$($B from busybox)
$B run "$c" touch /x
$B commit -q "$c" oci-archive:out.tar:localhost/out:1 > /dev/null
$B images --format '{{.Name}}' | sort
tar -tf out.tar oci-layout
d=$($B from oci-archive:out.tar)
$B run "$d" ls /x
