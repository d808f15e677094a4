# What Buildah has nothing like: what tsbuild shall print stands here.
if ! $B --help 2> /dev/null | grep -q '^ *doctor'; then
  cat <<'END'
C /etc
A /etc/made
1
hint
status 1
nothing is wrong
measured
measured
explained
forgotten
status 0
done
complete
probed
status 125, says: connection
END
  exit
fi
printf 'FROM localhost/busybox\nRUN mkdir -p /etc && echo x > /etc/made\n' > Containerfile
quiet $B build -q -t localhost/app .
$B image diff localhost/app | grep etc
$B image tree localhost/app | grep -c '^Image ID'
printf 'from localhost/busybox\nRUN cd /etc && false\n' > Containerfile.lint
$B lint Containerfile.lint > found 2>&1
code=$?
test -s found && echo hint
echo "status $code"
$B system check > /dev/null && echo 'nothing is wrong'
$B system df | grep -q -i images && echo measured
$B du > /dev/null && echo measured
$B cache why > /dev/null 2>&1 && echo explained
$B cache prune --force > /dev/null && echo forgotten
quiet $B rmi localhost/app
$B image prune --all --force > /dev/null 2>&1
echo "status $?"
$B images -q localhost/app 2> /dev/null
echo 'done'
$B completion bash | grep -q complete && echo complete
$B doctor > report 2>&1
test -s report && echo probed
says connection $B search 127.0.0.1:1/nothing
