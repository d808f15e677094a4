# Straight to a registry and back.
c=$($B from busybox)
$B run "$c" touch /pushed
$B commit -q --tls-verify=false "$c" "docker://$REGISTRY/team/app:1" > /dev/null
d=$($B from --tls-verify=false -q "$REGISTRY/team/app:1")
echo "$d"
$B run "$d" ls /pushed
