# Copies in the history.
echo a > a
c=$($B from busybox)
$B copy -q --add-history "$c" a /a
$B commit -q "$c" localhost/out > /dev/null
$B inspect --type image --format '{{len .OCIv1.History}}' localhost/out
