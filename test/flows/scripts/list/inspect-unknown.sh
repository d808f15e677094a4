# Nothing of that name.
fails $B inspect nothing
says 'image not known' $B inspect --type image nothing
says 'container not known' $B inspect --type container nothing
fails $B inspect
fails $B inspect --type else busybox
fails $B inspect --format '{{.Nothing}}' busybox
