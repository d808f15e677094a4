# A command that a signal ends.
c=$($B from busybox)
$B run "$c" -- sh -c 'kill -TERM $$' 2>/dev/null
test $? -ne 0 && echo failed
$B run "$c" echo 'still usable'
