# Containers go.
$B from --name one busybox > /dev/null
id=$($B inspect --format '{{.ContainerID}}' one)
test "$($B rm one)" = "$id" && echo 'its ID'
$B from --name two busybox > /dev/null
$B from --name three busybox > /dev/null
$B delete two three | wc -l | tr -d ' '
fails $B rm one
fails $B rm
