# One layer for all, as Buildah does unless it is told.
printf 'FROM localhost/busybox\nRUN echo 1 > /1\nRUN echo 2 > /2\n' > Containerfile
BUILDAH_LAYERS=false $B bud -q -t localhost/one . > /dev/null
BUILDAH_LAYERS=true $B bud -q -t localhost/many . > /dev/null
for image in one many; do $B inspect --type image --format '{{len .OCIv1.RootFS.DiffIDs}}' localhost/$image; echo; done
