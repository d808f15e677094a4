# A run that is to be in the history.
c=$($B from busybox)
$B run --add-history "$c" -- sh -c 'echo one > /one'
$B run "$c" touch /two
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
