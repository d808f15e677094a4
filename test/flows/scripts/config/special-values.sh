# Values with signs in them.
c=$($B from scratch)
$B config --env 'X=a=b=c' --label 'json={"a": [1, 2]}' --label 'url=http://x/?a=b&c=d' --env EMPTY= --annotation 'a.b/c=d e' "$c"
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
