# Empty maps and lists as Go prints them.
$B from --name one scratch > /dev/null
$B inspect --format '{{.OCIv1.Config.Labels}} {{.OCIv1.Config.Cmd}} {{.OCIv1.Config.ExposedPorts}} {{.OCIv1.Config.User}}|' one
