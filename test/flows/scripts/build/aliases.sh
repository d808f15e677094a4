# The three names of build.
printf 'FROM scratch\nENV A=1\n' > Containerfile
for verb in build bud build-using-dockerfile; do $B $verb -q . | wc -c | tr -d ' '; done
