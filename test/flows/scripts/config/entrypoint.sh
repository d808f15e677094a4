# Entrypoints leave the command alone.
c=$($B from busybox)
$B config --entrypoint '["/bin/app"]' "$c" 2> /dev/null
$B inspect --format '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}' "$c"
echo
$B config --entrypoint 'app --flag' "$c" 2> /dev/null
$B inspect --format '{{printf "%q" .OCIv1.Config.Entrypoint}}' "$c"
echo
$B config --entrypoint '[]' --cmd '[]' "$c" 2> /dev/null
$B inspect --format '{{len .OCIv1.Config.Entrypoint}} {{len .OCIv1.Config.Cmd}}' "$c"
