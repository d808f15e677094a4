# Further names.
$B tag busybox localhost/a localhost/b:2
$B images --format '{{.Name}}:{{.Tag}}' | sort
$B images -q | sort -u | wc -l | tr -d ' '
fails $B tag nothing localhost/c
fails $B tag busybox
fails $B tag busybox localhost/UPPER
