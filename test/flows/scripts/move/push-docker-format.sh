# The other media types.
$B push -q --format v2s2 busybox dir:out
grep -o 'vnd.docker.distribution.manifest.v2+json' out/manifest.json | head -1
$B push -q --format oci busybox dir:oci
grep -c 'vnd.oci.image.config' oci/manifest.json
