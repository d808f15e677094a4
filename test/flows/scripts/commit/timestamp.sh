# A time of our own, the same image twice.
c=$($B from busybox)
$B run "$c" sh -c 'echo x > /x'
$B commit -q --timestamp 0 "$c" localhost/a > a
$B commit -q --timestamp 0 "$c" localhost/b > b
cmp a b && echo same
$B inspect --type image --format '{{.OCIv1.Created}}' localhost/a
# compare: image localhost/a
