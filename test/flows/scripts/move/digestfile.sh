# The digest of what was pushed.
$B push -q --tls-verify=false --digestfile digest busybox "docker://$REGISTRY/d:1"
cut -c 1-7 digest
$B pull -q --tls-verify=false "$REGISTRY/d@$(cat digest)" | wc -c | tr -d ' '
