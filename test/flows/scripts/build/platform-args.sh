# The platform in arguments.
printf 'FROM localhost/busybox\nARG TARGETOS\nARG TARGETARCH\nRUN echo $TARGETOS/$TARGETARCH > /platform\n' > Containerfile
$B bud -q --platform linux/amd64 -t localhost/out . > /dev/null
$B run "$($B from localhost/out)" cat /platform
