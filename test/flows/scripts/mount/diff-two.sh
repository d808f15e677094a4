# Comparing two containers through their mounts.
a=$($B from --name a busybox)
b=$($B from --name b busybox)
$B run b touch /etc/only-b
ma=$($B mount a)
mb=$($B mount b)
diff -rq "$ma/etc" "$mb/etc" | sed "s#$mb##; s#$ma##" | grep -v -e hosts -e hostname -e resolv.conf
$B umount -a > /dev/null
# as: unshare
