# Owners by the names in the container.
echo a > a
c=$($B from busybox)
$B run "$c" sh -c 'echo "web:x:900:901::/:/bin/sh" >> /etc/passwd; echo "www:x:902:" >> /etc/group'
$B copy -q --chown web:www "$c" a /a
$B copy -q --chown web "$c" a /b
$B run "$c" stat -c '%u:%g' /a /b
fails $B copy -q --chown nobody-here "$c" a /c
# needs: ids
