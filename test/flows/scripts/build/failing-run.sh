# The status of a RUN that fails.
printf 'FROM localhost/busybox\nRUN exit 42\n' > Containerfile
$B bud -t localhost/out . > log 2>&1
echo "status $?"
grep -c 'exit status 42' log
$B images --format '{{.Name}}'
