# Everything in one layer.
printf 'FROM localhost/busybox\nRUN echo 1 > /1\nRUN echo 2 > /2\n' > Containerfile
$B bud -q --squash -t localhost/out . > /dev/null
$B inspect --type image --format '{{len .OCIv1.RootFS.DiffIDs}}' localhost/out
