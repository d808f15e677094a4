# Build, test, push, as a CI job does.
set -eu
mkdir src
echo 'echo tested' > src/test.sh
printf 'FROM localhost/busybox\nARG COMMIT\nLABEL commit=$COMMIT\nCOPY src /src\n' > Containerfile
tag="$REGISTRY/team/app:abc123"
$B bud -q --build-arg COMMIT=abc123 -t "$tag" . > /dev/null
c=$($B from "$tag")
$B run "$c" sh /src/test.sh
$B rm "$c" > /dev/null
$B push -q --tls-verify=false --digestfile digest "$tag"
$B tag "$tag" "$REGISTRY/team/app:latest"
$B push -q --tls-verify=false "$REGISTRY/team/app:latest"
skopeo inspect --tls-verify=false --format '{{.Labels.commit}}' "docker://$REGISTRY/team/app:latest"
grep -c sha256: digest
