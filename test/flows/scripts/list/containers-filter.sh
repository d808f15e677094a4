# Which containers fit.
$B from --name one busybox > /dev/null
$B from --name two scratch > /dev/null
$B containers --format '{{.ContainerName}}' --filter name=one
$B containers --format '{{.ContainerName}}' --filter ancestor=busybox
id=$($B inspect --format '{{.ContainerID}}' two)
$B containers --format '{{.ContainerName}}' --filter "id=$id"
fails $B containers --filter nonsense=1
