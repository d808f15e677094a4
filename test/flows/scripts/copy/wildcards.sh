# Patterns that the builder expands.
mkdir src
touch src/a.txt src/b.txt src/c.md
c=$($B from scratch)
$B copy -q "$c" 'src/*.txt' /texts/
$B copy -q "$c" "$PWD/src/?.md" /notes/
fails $B copy -q "$c" 'src/*.none' /none/
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
