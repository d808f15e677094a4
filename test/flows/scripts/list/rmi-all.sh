# All of them.
c=$($B from busybox)
$B config --label a=b "$c"
$B commit -q --rm "$c" localhost/a > /dev/null
fails $B rmi --all
$B images -q | wc -l | tr -d ' '
fails $B rmi --all busybox
fails $B rmi
