# A container of an image elsewhere.
$B push -q --tls-verify=false busybox "docker://$REGISTRY/base:1"
c=$($B from -q --tls-verify=false "$REGISTRY/base:1")
$B run "$c" echo "$c"
$B from -q --tls-verify=false "docker://$REGISTRY/base:1"
