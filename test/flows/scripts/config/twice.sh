# The last one counts.
c=$($B from scratch)
$B config --env A=1 --env A=2 --label l=1 --label l=2 --cmd one --cmd two "$c"
$B config --env A=3 --user a --user b "$c"
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
