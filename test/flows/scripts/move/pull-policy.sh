# When to ask.
$B push -q --tls-verify=false busybox "docker://$REGISTRY/p:1"
$B pull -q --tls-verify=false "$REGISTRY/p:1" > a
$B pull -q --tls-verify=false --policy missing "$REGISTRY/p:1" > b
cmp a b && echo same
$B pull -q --policy never "$REGISTRY/p:1" > c
cmp a c && echo same
fails $B pull -q --policy never localhost/none
