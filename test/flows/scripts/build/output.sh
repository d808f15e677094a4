# The files instead of an image.
printf 'FROM scratch\nCOPY Containerfile /made\n' > Containerfile
$B bud -q --output out . > /dev/null 2>&1
ls out
