# The other tool's copy is pulled.
$B push -q busybox oci:one:x
skopeo copy -q oci:one:x oci-archive:two.tar:y
$B pull -q oci-archive:two.tar:y | wc -c | tr -d ' '
