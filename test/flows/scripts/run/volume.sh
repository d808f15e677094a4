# A directory of the host, for one run.
mkdir data
c=$($B from busybox)
$B run -v "$PWD/data:/data" "$c" sh -c 'echo written > /data/file'
cat data/file
$B run "$c" sh -c 'test -e /data/file || echo gone'
