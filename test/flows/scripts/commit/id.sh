# The ID is printed, or written to a file.
c=$($B from busybox)
$B commit -q "$c" localhost/a | wc -c | tr -d ' '
$B commit -q --iidfile iid "$c" localhost/b
cut -c 1-7 iid
wc -c < iid | tr -d ' '
