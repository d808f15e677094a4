# A line of /etc/hosts for every run.
c=$($B from --add-host db:10.1.2.3 busybox)
$B run "$c" grep -c '10.1.2.3' /etc/hosts
