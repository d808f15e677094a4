# Instructions that change no files.
cat > Containerfile <<END
FROM localhost/busybox
LABEL a=1 b="two words"
ENV X=1 Y=\$PATH
EXPOSE 80 53/udp
VOLUME /data
USER 12:34
WORKDIR /w
STOPSIGNAL SIGINT
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["echo hi"]
END
$B bud -q -t localhost/out . > /dev/null
# compare: content localhost/out
