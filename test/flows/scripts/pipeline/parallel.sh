# Two containers at once.
a=$($B from --name a busybox)
b=$($B from --name b busybox)
$B run a sh -c 'sleep 0.2; echo a > /name' &
$B run b sh -c 'sleep 0.2; echo b > /name' &
wait
$B run a cat /name
$B run b cat /name
