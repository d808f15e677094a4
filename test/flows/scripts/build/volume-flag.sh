# A directory of the host for every RUN.
mkdir packages
echo package > packages/p
printf 'FROM localhost/busybox\nRUN cp /packages/p /installed\n' > Containerfile
$B bud -q -v "$PWD/packages:/packages:ro" -t localhost/out . > /dev/null
$B run "$($B from localhost/out)" cat /installed
