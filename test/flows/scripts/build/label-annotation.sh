# Labels and annotations from the command line.
printf 'FROM scratch\nLABEL a=file\n' > Containerfile
$B bud -q --label a=line --label b=2 --annotation x=y -t localhost/out . > /dev/null
# compare: content localhost/out
