# Containers that are not there.
says 'container not known' $B mount nobody
fails $B umount nobody
fails $B umount
# as: unshare
