# What is mounted.
c=$($B from --name one busybox)
$B mount | wc -l | tr -d ' '
m=$($B mount one)
test -d "$m/bin" && echo there
$B mount | awk '{ print $1, NF }'
$B umount one > /dev/null
$B mount | wc -l | tr -d ' '
# as: unshare
