# The configuration as a text of JSON.
$B inspect --type image --format '{{.Config}}' busybox | head -c 1
$B inspect --type image --format '{{.Manifest}}' busybox | grep -c schemaVersion
