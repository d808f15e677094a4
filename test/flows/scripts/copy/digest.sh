# The digest is printed unless -q is given.
echo x > x
c=$($B from busybox)
$B copy "$c" x /x | wc -c | tr -d ' '
$B copy -q "$c" x /x | wc -c | tr -d ' '
