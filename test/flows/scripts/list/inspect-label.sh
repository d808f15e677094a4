# A label by its name.
$B from --name one busybox > /dev/null
$B config --label a=b --label x.y/z=w one
$B inspect --format '{{.OCIv1.Config.Labels.a}} {{index .OCIv1.Config.Labels "x.y/z"}}' one
echo
$B inspect --format '{{.OCIv1.Config.Labels}}' one
