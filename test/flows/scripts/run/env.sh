# Variables of the image, of config, and of one run.
c=$($B from busybox)
$B config --env A=1 --env B=2 "$c"
$B run --env B=3 --env C=4 "$c" -- sh -c 'echo $A $B $C'
$B run "$c" -- sh -c 'echo $A $B $C'
