# To a registry and back.
$B push -q --tls-verify=false busybox "docker://$REGISTRY/team/busybox:1"
$B pull -q --tls-verify=false "docker://$REGISTRY/team/busybox:1" | wc -c | tr -d ' '
$B images --format '{{.Name}}:{{.Tag}}' | sort
fails $B pull -q --tls-verify=false "docker://$REGISTRY/team/none:1"
