# Nothing on nothing.
c=$($B from scratch)
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
