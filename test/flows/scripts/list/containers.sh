# The table of containers.
$B from --name one busybox > /dev/null
$B from --name two scratch > /dev/null
$B containers | awk 'NR == 1 { print $1, $2, $3 } NR > 1 { print $NF }'
$B containers -q | wc -l | tr -d ' '
$B containers --noheading | wc -l | tr -d ' '
$B ps --format '{{.ContainerName}} {{.ImageName}}'
$B ls -q --notruncate | wc -c | tr -d ' '
$B list -n | wc -l | tr -d ' '
