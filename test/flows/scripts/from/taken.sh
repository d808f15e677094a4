# A name is given once.
$B from --name one scratch
says 'that name is already in use' $B from --name one busybox
$B containers --format '{{.ContainerName}}'
