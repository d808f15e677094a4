# For programs.
$B images --json | grep -o '"[a-zA-Z]*":' | sort -u
$B images --json busybox | grep -c 'localhost/busybox:latest'
