# Files a run makes belong to its user.
c=$($B from busybox)
$B run "$c" sh -c 'mkdir /d; touch /d/f; chmod 2750 /d; ln -s f /d/l; mkfifo /d/p'
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
