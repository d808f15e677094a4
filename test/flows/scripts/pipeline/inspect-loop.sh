# What scripts read out of images.
c=$($B from busybox)
$B config --env A=1 --env B=2 --label x=1 --port 80 --port 443 "$c"
$B commit -q "$c" localhost/i > /dev/null
for variable in $($B inspect --type image --format '{{range .OCIv1.Config.Env}}{{.}} {{end}}' localhost/i); do echo "variable $variable"; done
for port in $($B inspect --type image --format '{{range $p, $_ := .OCIv1.Config.ExposedPorts}}{{$p}} {{end}}' localhost/i); do echo "port $port"; done
