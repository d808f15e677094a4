# A platform that is this one's.
$B from --platform linux/amd64 --name p busybox
$B inspect --format '{{.OCIv1.OS}}/{{.OCIv1.Architecture}}' p
