# The same image twice.
printf 'FROM localhost/busybox\nRUN echo x > /x\n' > Containerfile
a=$($B bud -q --no-cache --timestamp 0 .)
b=$($B bud -q --no-cache --timestamp 0 .)
test "$a" = "$b" && echo same
$B inspect --type image --format '{{.OCIv1.Created}}' "$a"
