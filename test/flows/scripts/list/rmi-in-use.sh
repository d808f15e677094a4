# A container holds its image.
$B from --name one busybox > /dev/null
fails $B rmi busybox
$B images --format '{{.Name}}'
fails $B rmi -f busybox
$B containers -q | wc -l | tr -d ' '
