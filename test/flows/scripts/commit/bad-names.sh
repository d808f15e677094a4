# Names that cannot be.
c=$($B from busybox)
says 'must be lowercase' $B commit "$c" localhost/UPPER
fails $B commit "$c" 'a b'
fails $B commit nobody localhost/x
fails $B commit
