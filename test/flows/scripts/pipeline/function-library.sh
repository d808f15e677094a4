# Functions around the builder, as larger projects have them.
container=
start() { container=$($B from "$1"); }
run() { $B run "$container" -- "$@"; }
save() { $B commit -q --rm "$container" "$1" > /dev/null; }
start busybox
run mkdir -p /app/bin
run sh -c 'echo "#!/bin/sh" > /app/bin/start; chmod +x /app/bin/start'
$B config --entrypoint '["/app/bin/start"]' "$container" 2> /dev/null
save localhost/lib
start localhost/lib
run ls -l /app/bin | awk '{ print $1, $NF }'
