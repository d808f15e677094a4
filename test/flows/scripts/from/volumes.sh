# Mounts given once count for every run.
mkdir shared
echo shared > shared/file
c=$($B from --volume "$PWD/shared:/shared:ro" busybox)
$B run "$c" cat /shared/file
status $B run "$c" sh -c 'echo x > /shared/new'
ls shared
