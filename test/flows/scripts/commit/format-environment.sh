# The format from the environment.
c=$(BUILDAH_FORMAT=docker $B from busybox)
BUILDAH_FORMAT=docker $B commit -q "$c" localhost/out > /dev/null
$B inspect --type image --format '{{.Docker.Config.Cmd}}' localhost/out
# compare: image localhost/out
