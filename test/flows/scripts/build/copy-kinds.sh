# COPY and ADD in their forms.
mkdir tree
echo a > tree/a
echo b > 'with space'
tar --owner=0 --group=0 -cf archive.tar tree
cat > Containerfile <<END
FROM localhost/busybox
WORKDIR /work
COPY tree copied
COPY --chown=3:4 tree/a /owned
COPY ["with space", "/spaces/with space"]
ADD archive.tar /unpacked
END
$B bud -q -t localhost/out . > /dev/null
# compare: content localhost/out
