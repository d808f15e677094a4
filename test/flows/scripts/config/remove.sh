# A dash at the end takes one away, a dash alone all.
c=$($B from busybox)
$B config --env A=1 --env B=2 --label a=1 --label b=2 --port 1 --port 2 --volume /v --volume /w --annotation x=1 --annotation y=2 "$c"
$B config --env A- --label a- --port 1- --volume /v- --annotation x- "$c"
$B commit -q "$c" localhost/one > /dev/null
$B config --env - --label - --port - --volume - --annotation - "$c"
$B commit -q "$c" localhost/none > /dev/null
# compare: image localhost/one
# compare: image localhost/none
