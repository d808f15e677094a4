# An image without a name.
c=$($B from busybox)
id=$($B commit -q "$c")
$B inspect --type image --format '{{.FromImage}}|' "$id"
$B images --format '{{.Name}}' | sort
$B images -q --filter dangling=true | wc -l | tr -d ' '
