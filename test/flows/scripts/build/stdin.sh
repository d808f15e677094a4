# A Containerfile on standard input.
printf 'FROM localhost/busybox\nLABEL from=stdin\n' | $B bud -q -f - -t localhost/out . > /dev/null
$B inspect --type image --format '{{.OCIv1.Config.Labels.from}}' localhost/out
