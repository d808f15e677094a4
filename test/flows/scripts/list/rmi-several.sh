# Several, one of them not there.
$B tag busybox localhost/a localhost/b
fails $B rmi localhost/a localhost/none localhost/b
$B images --format '{{.Name}}'
