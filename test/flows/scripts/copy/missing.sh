# A source that is not there.
c=$($B from scratch)
says 'no such file or directory' $B copy "$c" nothing /
fails $B add "$c" nothing /
