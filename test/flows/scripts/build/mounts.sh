# Mounts of a RUN.
mkdir ctx
echo from-context > ctx/file
cat > ctx/Containerfile <<END
FROM localhost/busybox
RUN --mount=type=bind,source=file,target=/bound cat /bound > /copied
RUN --mount=type=tmpfs,target=/t touch /t/x && ls /t > /listed
END
$B bud -q -t localhost/out ctx > /dev/null
# compare: content localhost/out
