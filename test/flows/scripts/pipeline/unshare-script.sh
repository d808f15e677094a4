# A whole script within unshare.
cat > script <<'END'
c=$($B from busybox)
m=$($B mount "$c")
mkdir "$m/made"
echo by-script > "$m/made/file"
chown 5:6 "$m/made/file"
$B umount "$c" > /dev/null
$B commit -q "$c" localhost/out > /dev/null
$B run "$c" stat -c '%u:%g %n' /made/file
END
sh script
# compare: image localhost/out
# as: unshare
# needs: ids
