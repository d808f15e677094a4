# Without a name of its own the variable is made of the container's.
c=$($B from --name work busybox)
$B unshare --mount work env 2> /dev/null | grep -c '^WORK='
# only: user
