# An image named after its registry is pushed there.
$B tag busybox "$REGISTRY/named:2"
$B push -q --tls-verify=false "$REGISTRY/named:2"
$B rmi "$REGISTRY/named:2" > /dev/null
$B pull -q --tls-verify=false "$REGISTRY/named:2" > /dev/null
$B images --format '{{.Name}}:{{.Tag}}' | sort
