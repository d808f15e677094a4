# Every verb says that a container is not known.
says 'container not known' $B run nobody true
says 'container not known' $B copy nobody /etc/passwd /
says 'container not known' $B add nobody /etc/passwd /
says 'container not known' $B config --env A=1 nobody
says 'container not known' $B commit nobody localhost/x
says 'container not known' $B rm nobody
says 'container not known' $B rename nobody somebody
