# Mounting again gives the same place.
c=$($B from busybox)
a=$($B mount "$c")
b=$($B mount "$c")
test "$a" = "$b" && echo same
$B umount "$c" > /dev/null
# as: unshare
