# A script from a here document.
c=$($B from busybox)
$B run "$c" sh -s <<END
for word in one two; do echo "\$word"; done
echo "\$#"
END
