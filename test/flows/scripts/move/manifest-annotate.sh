# Platforms and annotations of an entry.
$B manifest create localhost/list > /dev/null
$B manifest add --arch arm64 --os linux --variant v8 localhost/list containers-storage:localhost/busybox > /dev/null 2>&1
digest=$($B manifest inspect localhost/list | grep -o 'sha256:[0-9a-f]*' | head -1)
$B manifest annotate --arch arm --variant v7 --annotation a=b localhost/list "$digest" > /dev/null
$B manifest inspect localhost/list | grep -o -e '"architecture": "[a-z0-9]*"' -e '"variant": "[a-z0-9]*"' -e '"a": "b"' | sort
$B manifest remove localhost/list "$digest" > /dev/null
$B manifest inspect localhost/list | grep -c digest
