# prune does the same.
c=$($B from busybox)
$B config --label a=b "$c"
$B commit -q --rm "$c" > /dev/null
$B prune --force > /dev/null 2>&1 || $B prune > /dev/null
$B images --format '{{.Name}}'
