# The ID of the container in a file.
c=$($B from --cidfile cid busybox)
wc -c < cid | tr -d ' '
test "$(cat cid)" = "$($B inspect --format '{{.ContainerID}}' "$c")" && echo same
