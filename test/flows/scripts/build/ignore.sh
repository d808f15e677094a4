# Files that do not belong to the context.
mkdir -p src/deep
touch src/a.c src/a.o src/deep/b.o src/deep/keep.o
printf '**/*.o\n!**/keep.o\n' > .dockerignore
printf 'FROM scratch\nCOPY src /src\n' > Containerfile
$B bud -q -t localhost/out . > /dev/null
# compare: content localhost/out
