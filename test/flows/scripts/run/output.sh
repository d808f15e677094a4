# Output and errors are the command's.
c=$($B from busybox)
$B run "$c" -- sh -c 'echo out; echo err >&2' > out 2> err
cat out err
