# Building only when the source is newer than the label says.
build() {
  sum=$(sha256sum < source | cut -c 1-8)
  old=$($B inspect --type image --format '{{.OCIv1.Config.Labels.sum}}' localhost/app 2> /dev/null)
  test "$sum" = "$old" && echo unchanged && return
  c=$($B from busybox)
  $B copy -q "$c" source /source
  $B config --label sum="$sum" "$c"
  $B commit -q --rm "$c" localhost/app > /dev/null
  echo built
}
echo 1 > source
build
build
echo 2 > source
build
