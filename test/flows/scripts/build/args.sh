# Build arguments.
printf 'ARG BASE=none\nFROM ${BASE}\nARG VERSION=1\nARG OTHER\nLABEL version=$VERSION other=$OTHER\nRUN echo $VERSION $OTHER > /args\n' > Containerfile
OTHER=environment $B bud -q --build-arg BASE=localhost/busybox --build-arg VERSION=2 --build-arg OTHER -t localhost/out . > /dev/null
$B inspect --type image --format '{{.OCIv1.Config.Labels.version}} {{.OCIv1.Config.Labels.other}}' localhost/out
echo
$B run "$($B from localhost/out)" cat /args
