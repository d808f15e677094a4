# One script, several variants.
for version in 1 2 3; do
  c=$($B from -q busybox)
  $B config --env VERSION=$version --label version=$version "$c"
  $B run "$c" -- sh -c 'echo $VERSION > /version'
  $B commit -q --rm "$c" localhost/matrix:$version > /dev/null
done
$B images --format '{{.Name}}:{{.Tag}}' | grep matrix | sort
for version in 1 2 3; do
  c=$($B from localhost/matrix:$version)
  $B run "$c" cat /version
  $B rm "$c" > /dev/null
done
