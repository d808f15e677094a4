# A from-scratch image by the host's package manager.
mkdir -p pkg/DEBIAN pkg/usr/share/flow
printf 'Package: flow\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@example.com>\nDescription: a package\n' > pkg/DEBIAN/control
echo payload > pkg/usr/share/flow/payload
dpkg-deb --root-owner-group -b pkg flow.deb > /dev/null
c=$($B from scratch)
m=$($B mount "$c")
mkdir -p "$m/var/lib/dpkg/info" "$m/var/lib/dpkg/updates"
: > "$m/var/lib/dpkg/status"
dpkg --root="$m" --log=/dev/null --force-script-chrootless --force-not-root -i "$PWD/flow.deb" > /dev/null 2>&1
cat "$m/usr/share/flow/payload"
dpkg-query --admindir="$m/var/lib/dpkg" -W -f '${Package} ${Version} ${Status}\n'
rm -rf "$m/var"
$B umount "$c" > /dev/null
$B config --label package=flow "$c"
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
# as: unshare
