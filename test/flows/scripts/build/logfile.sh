# The log in a file.
printf 'FROM localhost/busybox\nRUN echo logged\n' > Containerfile
$B bud --logfile log -t localhost/out . | wc -l | tr -d ' '
grep -c '^logged' log
