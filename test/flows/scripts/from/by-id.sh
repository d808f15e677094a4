# An image is named by its ID, the first digits of it, or its digest.
id=$($B images -q --no-trunc busybox)
short=$(echo "$id" | sed 's/^sha256://' | cut -c 1-12)
$B from "$short"
$B from "${id#sha256:}"
digest=$($B images --digests --format '{{.Digest}}' busybox)
$B from "localhost/busybox@$digest"
