# Owners and modes.
mkdir tree
echo a > tree/a
chmod 600 tree/a
c=$($B from busybox)
$B copy -q --chown 12:34 "$c" tree /owned
$B copy -q --chmod 741 "$c" tree/a /moded
$B copy -q --chown 9 "$c" tree/a /user-alone
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
