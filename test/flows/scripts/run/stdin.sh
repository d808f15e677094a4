# Standard input goes to the command.
c=$($B from busybox)
echo 'through a pipe' | $B run "$c" -- cat
printf 'a\nb\nc\n' | $B run "$c" wc -l
