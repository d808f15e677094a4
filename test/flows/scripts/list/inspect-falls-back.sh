# A container first, an image else.
$B from --name one busybox > /dev/null
$B inspect --format '{{.Type}}' one
echo
$B inspect --format '{{.Type}}' busybox
echo
fails $B inspect --type container busybox
fails $B inspect --type image one
