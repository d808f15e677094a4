# Words come through as they are.
c=$($B from busybox)
$B run "$c" -- sh -c 'for a; do echo "[$a]"; done' sh 'two words' '' '$HOME' 'a"b' "a'b" 'back\slash' '*'
