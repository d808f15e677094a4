# Users by number and by name.
c=$($B from busybox)
$B run "$c" -- sh -c 'echo "app:x:1234:1234::/home/app:/bin/sh" >> /etc/passwd; echo "app:x:1234:" >> /etc/group'
$B run --user app "$c" id -u
$B run --user 1234:5 "$c" -- sh -c 'id -u; id -g'
$B run --user 77 "$c" id -u
fails $B run --user nobody-knows "$c" id
# needs: ids
