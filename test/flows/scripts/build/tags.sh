# Several names.
printf 'FROM scratch\nENV A=1\n' > Containerfile
$B bud -q -t localhost/a -t localhost/b:2 -t c . > /dev/null
$B images --format '{{.Name}}:{{.Tag}}' --filter dangling=false | sort
