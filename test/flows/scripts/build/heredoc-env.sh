# Variables and their operators.
printf 'FROM localhost/busybox\nENV A=one\nENV B=${A}two C=${UNSET:-default} D=${A:+set}\nLABEL all="$A $B $C $D"\n' > Containerfile
$B bud -q -t localhost/out . > /dev/null
$B inspect --type image --format '{{.OCIv1.Config.Labels.all}}' localhost/out
