# Straight into an archive.
printf 'FROM localhost/busybox\nLABEL to=archive\n' > Containerfile
$B bud -q -t oci-archive:out.tar:x . > /dev/null
skopeo inspect --format '{{.Labels.to}}' oci-archive:out.tar:x
