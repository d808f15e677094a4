# A base in an archive or a directory.
$B push -q busybox oci-archive:base.tar:localhost/base:1
$B push -q busybox docker-archive:docker.tar:localhost/dbase:1
$B push -q busybox "oci:layout:x"
$B push -q busybox "dir:plain"
for base in oci-archive:base.tar docker-archive:docker.tar oci:layout:x dir:plain; do
  c=$($B from -q --name "from-${base%%:*}" $base) && $B run "$c" echo "$c runs"
done
