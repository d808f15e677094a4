# A script that cleans up after itself when a step fails.
c=$($B from busybox)
(
  set -e
  trap '$B rm $c > /dev/null; echo cleaned' EXIT
  $B run "$c" -- sh -c 'exit 3' 2> /dev/null
  echo never
)
echo "status $?"
$B containers -q | wc -l | tr -d ' '
