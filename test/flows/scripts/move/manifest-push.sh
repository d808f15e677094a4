# A list in a registry.
$B manifest create localhost/list > /dev/null
$B manifest add localhost/list containers-storage:localhost/busybox > /dev/null 2>&1
$B manifest push -q --all --tls-verify=false localhost/list "docker://$REGISTRY/list:1" > /dev/null
skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/list:1" | grep -o '"architecture":"[a-z0-9]*"'
$B rmi localhost/list > /dev/null
$B from -q --tls-verify=false "$REGISTRY/list:1" > /dev/null && echo usable
