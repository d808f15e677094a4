# Out of another container.
a=$($B from --name builder busybox)
$B run "$a" sh -c 'mkdir /out; echo made > /out/program; chmod 755 /out/program'
b=$($B from scratch)
$B copy -q --from builder "$b" /out/program /bin/program
$B commit -q "$b" localhost/out > /dev/null
# compare: image localhost/out
