# Values that cannot be.
c=$($B from busybox)
fails $B commit --format nonsense "$c" localhost/x
fails $B copy --chmod nonsense "$c" /etc/passwd /x
fails $B from --platform a/b/c/d busybox
fails $B from --volume nonsense:more:x busybox
fails $B run --volume relative "$c" true
fails $B commit --timestamp yesterday "$c" localhost/x
