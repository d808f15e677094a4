# All of them.
$B from --name one busybox > /dev/null
$B from --name two busybox > /dev/null
$B rm --all | wc -l | tr -d ' '
$B containers -q
fails $B rm --all
fails $B rm --all one
