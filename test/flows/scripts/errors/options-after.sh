# Options after a name are refused.
$B from --name one busybox > /dev/null
says 'can be specified after the image or container name' $B from busybox --name x
says 'can be specified after the image or container name' $B config one --env A=1
says 'can be specified after the image or container name' $B commit one localhost/x --rm
says 'can be specified after the image or container name' $B inspect one --type container
says 'can be specified after the image or container name' $B rm one --all
says 'can be specified after the image or container name' $B copy one --chown 1 /etc/passwd /
says 'can be specified after the image or container name' $B push busybox --format oci
says 'can be specified after the image or container name' $B pull busybox --quiet
$B containers -q | wc -l | tr -d ' '
