# How ports are written.
c=$($B from scratch)
$B config --port 80 --port 443/tcp --port 53/udp --port 8000-8002 "$c"
$B inspect --format '{{.OCIv1.Config.ExposedPorts}}' "$c"
