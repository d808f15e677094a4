# What an image says of itself.
$B inspect --type image --format '{{.FromImage}} {{.OCIv1.Architecture}} {{.OCIv1.Config.Cmd}} {{len .OCIv1.RootFS.DiffIDs}}' busybox
echo
$B inspect --type image --format '{{.Docker.Config.Cmd}} {{.Docker.OS}}' busybox
echo
$B inspect --type image --format '{{index .OCIv1.Config.Env 0}}' busybox
echo
$B inspect --type image --format '{{range .OCIv1.Config.Env}}[{{.}}]{{end}}' busybox
echo
$B inspect --type image --format '{{printf "%q" .OCIv1.Config.Cmd}}' busybox
