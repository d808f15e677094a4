# Within unshare one is root.
$B unshare id -u 2>/dev/null || id -u
# only: user
