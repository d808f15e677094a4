# One layer of everything.
c=$($B from busybox)
$B run "$c" sh -c 'echo x > /x'
$B commit -q --squash "$c" localhost/out > /dev/null
$B inspect --type image --format '{{len .OCIv1.RootFS.DiffIDs}}' localhost/out
# compare: image localhost/out
