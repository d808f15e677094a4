# For programs.
$B from --name one busybox > /dev/null
$B containers --json | grep -o '"[a-z]*":' | sort -u
$B containers --json | grep -c '"one"'
