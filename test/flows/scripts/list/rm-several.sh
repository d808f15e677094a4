# Several, one of them not there.
$B from --name one busybox > /dev/null
$B from --name two busybox > /dev/null
fails $B rm one nobody two
$B containers --noheading --format '{{.ContainerName}}'
