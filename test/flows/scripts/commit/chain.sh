# Images on images.
c=$($B from busybox)
for step in 1 2 3; do
  $B run "$c" sh -c "echo $step >> /steps"
  $B commit -q --rm "$c" localhost/step:$step > /dev/null
  c=$($B from localhost/step:$step)
done
$B run "$c" cat /steps
# compare: image localhost/step:3
