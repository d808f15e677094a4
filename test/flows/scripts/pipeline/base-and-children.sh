# A base of one's own, and two images on it.
c=$($B from busybox)
$B run "$c" sh -c 'adduser -D -H app 2>/dev/null || echo "app:x:1000:1000::/:/bin/sh" >> /etc/passwd'
$B config --user app --label layer=base "$c"
$B commit -q --rm "$c" localhost/team-base > /dev/null
for child in web worker; do
  printf 'FROM localhost/team-base\nLABEL role=%s\n' $child > Containerfile
  $B bud --layers -q -t localhost/$child . > /dev/null
  $B inspect --type image --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Labels.layer}} {{.OCIv1.Config.Labels.role}}' localhost/$child
  echo
done
