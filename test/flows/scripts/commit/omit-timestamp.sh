# The oldest way to say 1970.
c=$($B from busybox)
$B commit -q --omit-timestamp "$c" localhost/out > /dev/null
$B inspect --type image --format '{{.OCIv1.Created}}' localhost/out
