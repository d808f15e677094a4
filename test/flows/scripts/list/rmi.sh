# Names and images go.
$B tag busybox localhost/a
$B rmi localhost/a | wc -l | tr -d ' '
$B images --format '{{.Name}}'
says 'image not known' $B rmi localhost/a
$B rmi busybox | tail -1 | wc -c | tr -d ' '
$B images -q | wc -l | tr -d ' '
