# Each property of an image.
c=$($B from scratch)
$B config --author 'A. Author <a@example.com>' --cmd 'serve --port 80' --entrypoint '["/bin/app", "run"]' "$c"
$B config --env A=1 --env 'B=two words' --label one=1 --label 'two=a b' --user 10:20 --workingdir /srv "$c"
$B config --port 80 --port 53/udp --volume /data --volume /cache --stop-signal SIGTERM --annotation note=yes "$c"
$B config --arch amd64 --os linux "$c"
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
