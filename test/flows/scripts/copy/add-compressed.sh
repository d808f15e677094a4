# Archives by their content.
mkdir tree
echo a > tree/a
tar --owner=0 --group=0 -cf one.tar tree
tar --owner=0 --group=0 -cJf two.bin tree
echo text > three.tar
c=$($B from scratch)
$B add -q "$c" one.tar /one/
$B add -q "$c" two.bin /two/
$B add -q "$c" three.tar /three/
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
