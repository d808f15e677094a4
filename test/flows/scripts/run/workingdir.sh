# Working directories that are there or not.
c=$($B from busybox)
$B run --workingdir /tmp "$c" pwd
$B config --workingdir /srv/app "$c"
$B run "$c" pwd
$B run "$c" sh -c 'echo x > here'
$B run "$c" cat /srv/app/here
