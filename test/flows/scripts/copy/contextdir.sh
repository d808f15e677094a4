# Absolute sources lie below the directory.
mkdir -p context/sub
echo in > context/sub/file
c=$($B from scratch)
$B copy -q --contextdir "$PWD/context" "$c" "$PWD/context/sub/file" /file
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
