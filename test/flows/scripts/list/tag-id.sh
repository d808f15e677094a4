# A name for an ID.
id=$($B images -q busybox)
$B tag "$id" localhost/by-id
$B images --format '{{.Name}}' | sort
