# Another name.
$B from --name one busybox > /dev/null
$B rename one other
$B containers --format '{{.ContainerName}}'
fails $B rename one x
$B from --name two scratch > /dev/null
says 'already in use' $B rename two other
fails $B rename other
