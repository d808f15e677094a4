# Only the files of a package.
mkdir -p pkg/DEBIAN pkg/opt/flow
printf 'Package: flow\nVersion: 1.0\nArchitecture: all\nMaintainer: A <a@example.com>\nDescription: a package\n' > pkg/DEBIAN/control
echo payload > pkg/opt/flow/payload
dpkg-deb --root-owner-group -b pkg flow.deb > /dev/null
c=$($B from busybox)
m=$($B mount "$c")
dpkg-deb -x flow.deb "$m"
$B umount "$c" > /dev/null
$B run "$c" cat /opt/flow/payload
# as: unshare
