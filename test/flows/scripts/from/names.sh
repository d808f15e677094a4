# A container is called after its image, and counted.
$B from localhost/busybox
$B from busybox
$B from docker.io/library/nothing:1 2>/dev/null || echo "status $?"
$B from scratch
$B from --name mine busybox
