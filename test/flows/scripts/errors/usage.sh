# What cannot be meant has status 125.
fails $B nonsense
fails $B from
fails $B from a b
fails $B run
fails $B commit
fails $B copy
fails $B --no-such-flag images
fails $B images --no-such-flag
