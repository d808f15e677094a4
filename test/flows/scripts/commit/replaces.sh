# A name moves to the new image.
c=$($B from busybox)
first=$($B commit -q "$c" localhost/out)
$B config --env A=1 "$c"
second=$($B commit -q "$c" localhost/out)
test "$first" != "$second" && echo moved
test "$($B inspect --type image --format '{{.FromImageID}}' localhost/out)" = "$second" && echo new
$B images -q --filter dangling=true | wc -l | tr -d ' '
