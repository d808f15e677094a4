# add fetches.
c=$($B from scratch)
fails $B add -q "$c" "http://$REGISTRY/missing" /x
