# Credentials that are not there.
c=$($B from busybox)
fails $B commit --authfile nowhere "$c" "docker://$REGISTRY/x"
