# The first failure ends a script.
sh -e <<END
c=\$($B from busybox)
$B run "\$c" true
$B run "\$c" false 2> /dev/null
echo never
END
echo "status $?"
