# A root file system from the host, put into an empty container.
c=$($B from scratch)
m=$($B mount "$c")
mkdir -p root/bin root/etc
cp /bin/sh root/bin/sh
echo 'root:x:0:0::/:/bin/sh' > root/etc/passwd
tar -C root -cf - . | tar -C "$m" -xf -
$B umount "$c" > /dev/null
$B config --cmd /bin/sh "$c"
$B commit -q "$c" localhost/out > /dev/null
d=$($B from localhost/out)
m=$($B mount "$d")
cat "$m/etc/passwd"
find "$m" | wc -l | tr -d ' '
$B umount "$d" > /dev/null
# as: unshare
