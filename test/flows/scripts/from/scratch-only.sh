# An empty container holds what is put there, and has no command.
c=$($B from scratch)
echo data > data
$B copy -q "$c" data /data
status $B run "$c" /data
$B config --label only=this "$c"
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
