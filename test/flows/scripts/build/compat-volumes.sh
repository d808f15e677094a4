# What RUN changes below a volume is undone, what COPY brings stays.
flag=
$B bud --help | grep -q compat-volumes && flag=--compat-volumes
echo copied > later
cat > Containerfile <<'END'
FROM busybox
RUN mkdir -p /data/sub && echo before > /data/sub/a && echo before > /data/b
VOLUME /data
RUN echo changed > /data/sub/a && rm /data/b && echo new > /data/c && chmod 700 /data && echo other > /outside
COPY later /data/later
RUN cat /data/later /data/b > /seen && rm /data/later
END
cat > Containerfile.child <<'END'
FROM volumes
RUN echo again > /data/b && echo again > /data/d
END
quiet $B bud $flag -q -t volumes .
quiet $B bud $flag -q -t child -f Containerfile.child .
for image in volumes child; do
  c=$($B from "$image")
  $B run "$c" sh -c 'find /data | sort; cat /data/sub/a /data/b /data/later; stat -c %a /data; cat /seen /outside'
done
