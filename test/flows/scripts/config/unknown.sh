# Containers and flags that are not there.
says 'container not known' $B config --env A=1 nobody
c=$($B from scratch)
says 'unknown flag' $B config --no-such-flag "$c"
fails $B config
fails $B config "$c" --env A=1
