# ro holds.
mkdir data
c=$($B from busybox)
status $B run -v "$PWD/data:/data:ro" "$c" sh -c 'echo written > /data/file'
ls data
