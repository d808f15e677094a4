# Without what the ignore file says.
mkdir -p tree/docs
touch tree/a.c tree/a.o tree/docs/b.o tree/docs/b.md
printf '**/*.o\n' > ignore
c=$($B from scratch)
$B copy -q --ignorefile ignore --contextdir "$PWD/tree" "$c" "$PWD/tree" /src
$B commit -q "$c" localhost/out > /dev/null
fails $B copy --ignorefile ignore "$c" tree /without-contextdir
# compare: image localhost/out
