# A script run in the container.
cat > setup.sh <<'END'
#!/bin/sh
set -e
mkdir -p /opt/setup
for part in a b c; do echo "$part" > /opt/setup/$part; done
cat /opt/setup/* | tr '\n' ' '
echo
END
c=$($B from busybox)
$B copy -q --chmod 755 "$c" setup.sh /setup.sh
$B run "$c" /setup.sh
$B run -v "$PWD/setup.sh:/mounted.sh:ro" "$c" sh /mounted.sh
$B run "$c" rm /setup.sh
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
