# A registry without TLS is refused unless that is said.
fails $B push -q --tls-verify "$B" "docker://$REGISTRY/x:1"
fails $B push -q --tls-verify=true busybox "docker://$REGISTRY/x:1"
