# Bits and times.
printf x > s
chmod 4755 s
touch -d '1990-01-02 03:04:05 UTC' s
c=$($B from scratch)
$B copy -q "$c" s /s
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
