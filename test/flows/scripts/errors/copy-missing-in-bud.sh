# COPY of what is not there.
printf 'FROM busybox\nCOPY missing /x\n' > Containerfile
says 'no such file or directory' $B bud .
