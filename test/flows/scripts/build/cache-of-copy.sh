# A changed file is seen.
printf 'FROM scratch\nCOPY file /file\n' > Containerfile
echo 1 > file
a=$($B bud --layers -q .)
echo 2 > file
b=$($B bud --layers -q .)
test "$a" != "$b" && echo seen
