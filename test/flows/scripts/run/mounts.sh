# bind, tmpfs and cache.
mkdir data
echo bound > data/file
c=$($B from busybox)
$B run --mount "type=bind,source=$PWD/data,target=/bound" "$c" cat /bound/file
$B run --mount type=tmpfs,target=/scratch "$c" sh -c 'echo x > /scratch/f; ls /scratch'
$B run "$c" sh -c 'ls /scratch 2>/dev/null | wc -l'
