# The list for programs.
$B from --name one busybox > /dev/null
$B mount one > /dev/null
$B mount --json one | tr -d ' \n' | sed 's/:"[^"]*"/:""/g'
$B umount -a > /dev/null
# as: unshare
