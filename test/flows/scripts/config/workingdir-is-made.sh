# A working directory that the image does not have.
c=$($B from busybox)
$B config --workingdir /made/by/run "$c"
$B run "$c" pwd
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
