# Changes in the history.
c=$($B from busybox)
$B config --add-history --env A=1 --label l=1 --cmd run --port 80 --user 3 --workingdir /w "$c"
$B config --created-by 'make image' --history-comment 'by hand' "$c"
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
