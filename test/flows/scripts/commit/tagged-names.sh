# How names are completed.
c=$($B from busybox)
for name in plain plain:1 team/tool localhost/x:2 registry.example.com/y; do $B commit -q "$c" "$name" > /dev/null; done
$B images --format '{{.Name}}:{{.Tag}}' | sort
