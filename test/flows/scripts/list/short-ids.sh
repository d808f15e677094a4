# The first digits of an ID.
$B from --name one busybox > /dev/null
id=$($B containers -q --notruncate)
short=$(echo "$id" | cut -c 1-6)
$B inspect --format '{{.Container}}' "$short"
echo
$B run "$short" echo ran
