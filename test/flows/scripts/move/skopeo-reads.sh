# Another tool reads what was pushed.
$B push -q busybox oci-archive:o.tar:x
skopeo inspect --format '{{.Os}} {{.Architecture}} {{.Env}}' oci-archive:o.tar:x
