# The first script of the tutorial.
set -e
c=$($B from localhost/busybox)
$B run $c -- sh -c 'echo hello > /hello; mkdir -p /opt/app'
echo world > world
$B copy -q $c world /opt/app/
$B config --cmd 'cat /hello' --label maintainer=me --env GREETING=hi --port 80/tcp --workingdir /opt/app $c
$B commit -q $c localhost/out >/dev/null
$B rm $c >/dev/null
$B images --format '{{.Name}}:{{.Tag}}' | sort
# compare: image localhost/out
