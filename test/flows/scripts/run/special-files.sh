# What a sandbox has in /dev and /proc.
c=$($B from busybox)
$B run "$c" sh -c 'echo x > /dev/null; test -c /dev/zero && test -d /proc/self && echo there; head -c 4 /dev/zero | wc -c'
