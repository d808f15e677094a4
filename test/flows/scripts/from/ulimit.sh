# Limits given once.
c=$($B from --ulimit nofile=512:512 busybox)
$B run "$c" sh -c 'ulimit -n'
