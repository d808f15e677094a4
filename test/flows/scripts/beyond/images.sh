# What Buildah does by other commands.
has() { $B --help 2> /dev/null | grep -q "^ *$1"; }
printf 'FROM localhost/busybox\nRUN echo one > /one\nLABEL key=value\n' > Containerfile
quiet $B bud -q --layers -t localhost/app:1 .

if has untag; then
  $B tag localhost/app:1 localhost/other:1 && $B untag localhost/app:1 localhost/other:1 > /dev/null
else
  $B tag localhost/app:1 localhost/other:1 && $B rmi localhost/other:1 > /dev/null
fi
$B images | grep -c localhost/other

if has history; then
  $B history --format '{{.CreatedBy}}' --no-trunc localhost/app:1 | grep -c 'echo one'
else
  $B inspect --type image --format '{{range .OCIv1.History}}{{println .CreatedBy}}{{end}}' localhost/app:1 | grep -c 'echo one'
fi

if has 'image exists'; then
  $B image exists localhost/app:1 && echo there
  $B image exists localhost/none:1 || echo 'not there'
  echo "$($B image inspect --format '{{.Labels.key}}' localhost/app:1)"
else
  $B inspect --type image localhost/app:1 > /dev/null 2>&1 && echo there
  $B inspect --type image localhost/none:1 > /dev/null 2>&1 || echo 'not there'
  echo "$($B inspect --type image --format '{{.OCIv1.Config.Labels.key}}' localhost/app:1)"
fi

if has save; then
  quiet $B save -o app.tar localhost/app:1
  quiet $B image copy containers-storage:localhost/app:1 "oci:$PWD/layout:copy"
else
  quiet $B push -q localhost/app:1 docker-archive:app.tar:localhost/app:1
  quiet $B push -q localhost/app:1 "oci:$PWD/layout:copy"
fi
quiet $B rmi localhost/app:1
if has load; then
  quiet $B load -i app.tar
else
  quiet $B pull -q docker-archive:app.tar
fi
$B run "$($B from localhost/app:1)" cat /one
test -f layout/index.json && echo layout
