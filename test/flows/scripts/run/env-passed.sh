# Variables of the caller by name.
c=$($B from busybox)
FLOW_X=caller $B run --env FLOW_X "$c" -- sh -c 'echo "[$FLOW_X]"'
