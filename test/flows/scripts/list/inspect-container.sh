# What a container says of itself.
$B from --name one busybox > /dev/null
$B inspect --format '{{.Type}}|{{.FromImage}}|{{.Container}}' one
echo
$B inspect --format '{{.OCIv1.OS}} {{.OCIv1.Config.Cmd}} {{.OCIv1.Config.Env}}' one
echo
$B inspect one | grep -o '^    "[A-Za-z0-9]*"' | grep -v -e CNI -e Isolation -e Group -e ImageCreatedBy
