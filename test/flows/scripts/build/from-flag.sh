# Another base from the command line.
printf 'FROM localhost/none\nLABEL a=b\n' > Containerfile
$B bud -q --from localhost/busybox -t localhost/out . > /dev/null
# compare: content localhost/out
