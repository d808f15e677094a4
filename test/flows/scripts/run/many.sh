# A loop over commands.
c=$($B from busybox)
for name in a b c d; do
  $B run "$c" sh -c "echo $name >> /list"
done
$B run "$c" cat /list
