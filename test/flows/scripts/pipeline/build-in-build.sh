# A build inside a RUN-like command: the builder, called within its own namespaces.
mkdir inner
printf 'FROM scratch\nCOPY file /file\n' > inner/Containerfile
echo inner > inner/file
$B bud -q -t localhost/inner inner > /dev/null
printf 'FROM localhost/busybox\nCOPY --from=localhost/inner /file /outer\n' > Containerfile
$B bud -q -t localhost/out . > /dev/null
$B images --format '{{.Name}}' --filter dangling=false | sort
# compare: content localhost/out
# as: unshare
