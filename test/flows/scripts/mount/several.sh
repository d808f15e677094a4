# Several at once.
$B from --name one busybox
$B from --name two scratch
$B mount one two | awk '{ print $1, NF }'
$B umount -a | wc -l | tr -d ' '
# as: unshare
