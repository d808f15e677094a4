# A line in /etc/hosts.
printf 'FROM localhost/busybox\nRUN grep -c 10.9.8.7 /etc/hosts > /count\n' > Containerfile
$B bud -q --add-host x:10.9.8.7 -t localhost/out . > /dev/null
$B run "$($B from localhost/out)" cat /count
