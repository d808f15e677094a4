# make install DESTDIR= into an empty container.
mkdir src
printf 'install:\n\tmkdir -p $(DESTDIR)/usr/share/app\n\tcp data $(DESTDIR)/usr/share/app/\n\tchmod 640 $(DESTDIR)/usr/share/app/data\n' > src/Makefile
echo data > src/data
c=$($B from scratch)
m=$($B mount "$c")
make -s -C src install DESTDIR="$m"
$B umount "$c" > /dev/null
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
# as: unshare
