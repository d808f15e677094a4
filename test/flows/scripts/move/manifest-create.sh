# Lists of platforms.
$B manifest create localhost/list > /dev/null
$B manifest exists localhost/list
echo "status $?"
$B manifest add localhost/list containers-storage:localhost/busybox > /dev/null 2>&1
$B manifest inspect localhost/list | grep -o -e '"architecture": "[a-z0-9]*"' -e '"os": "[a-z]*"' -e '"schemaVersion": 2'
fails $B manifest exists localhost/none
fails $B manifest create localhost/list
$B manifest rm localhost/list > /dev/null
fails $B manifest exists localhost/list
