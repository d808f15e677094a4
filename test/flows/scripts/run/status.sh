# A command's own exit status.
c=$($B from busybox)
for code in 0 1 7 42 125 255; do
  $B run "$c" -- sh -c "exit $code" 2>/dev/null
  echo "status $?"
done
