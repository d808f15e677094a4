# Into a list.
printf 'FROM localhost/busybox\nLABEL a=b\n' > Containerfile
$B bud -q --manifest localhost/list . > /dev/null
$B manifest inspect localhost/list | grep -c '"digest"'
