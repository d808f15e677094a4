# Every verb says that an image is not known.
says 'image not known' $B tag nothing x
says 'image not known' $B rmi nothing
says 'image not known' $B push nothing dir:x
says 'image not known' $B inspect --type image nothing
