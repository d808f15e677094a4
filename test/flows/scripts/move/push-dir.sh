# To a directory.
$B push -q busybox dir:out
ls out | grep -c -e '^[0-9a-f]\{64\}$'
test -f out/manifest.json && echo manifest
