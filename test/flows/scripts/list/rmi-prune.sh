# Images without a name.
c=$($B from busybox)
$B config --label a=b "$c"
$B commit -q --rm "$c" > /dev/null
$B images -q | wc -l | tr -d ' '
$B rmi --prune > /dev/null
$B images --format '{{.Name}}'
fails $B rmi --prune --all
