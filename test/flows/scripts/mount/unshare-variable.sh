# unshare mounts, and says where.
c=$($B from --name work busybox)
$B unshare --mount ROOT=work sh -c 'echo x > "$ROOT/x"; test -d "$ROOT/bin" && echo there' 2> /dev/null
$B run work cat /x
# only: user
