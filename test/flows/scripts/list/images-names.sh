# By name.
$B tag busybox localhost/tool:1 localhost/tool:2 localhost/x/tool:1
$B images --format '{{.Name}}:{{.Tag}}' localhost/tool:1 | sort
says 'image not known' $B images localhost/none
says 'requires at most 1 argument' $B images a b
