# Fields of the template.
$B images --format '{{.Name}} {{.Tag}} {{len .ID}}' busybox
$B images --format '{{.ID}}' --no-trunc busybox | cut -c 1-7
$B images --digests --format '{{.Digest}}' busybox | cut -c 1-7
fails $B images --format '{{.Nothing}}'
