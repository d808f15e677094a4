# An ordinary user mounts within unshare.
c=$($B from busybox)
says 'unshare' $B mount "$c" | sed 's/, .*//'
