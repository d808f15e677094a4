# Other names, and several Containerfiles.
echo 'FROM localhost/busybox' > one
echo 'LABEL part=two' > two
mkdir sub
echo 'FROM localhost/busybox' > sub/Dockerfile
$B bud -q -f one -f two -t localhost/both . > /dev/null
$B inspect --type image --format '{{.OCIv1.Config.Labels.part}}' localhost/both
echo
$B bud -q -t localhost/sub sub > /dev/null && echo Dockerfile
(cd sub && $B bud -q -t localhost/here > /dev/null && echo here)
