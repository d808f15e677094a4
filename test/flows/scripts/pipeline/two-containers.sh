# A compiler in one container, its product in another.
set -eu
build=$($B from --name build busybox)
$B run "$build" -- sh -c 'mkdir /src && printf "#!/bin/busybox sh\necho built\n" > /src/app && chmod 755 /src/app'
final=$($B from --name final scratch)
$B copy -q --from build "$final" /src/app /app
$B copy -q --from localhost/busybox "$final" /bin/busybox /bin/busybox
$B config --entrypoint '["/app"]' --cmd '' "$final" 2> /dev/null
$B commit -q --rm "$final" localhost/out > /dev/null
$B rm "$build" > /dev/null
test=$($B from localhost/out)
$B run "$test" /app
# compare: image localhost/out
