# Which images fit.
$B tag busybox localhost/other:2
c=$($B from busybox)
$B config --label team=one "$c"
$B commit -q "$c" localhost/labelled > /dev/null
$B commit -q "$c" > /dev/null
$B images --format '{{.Name}}:{{.Tag}}' --filter label=team=one | sort
$B images --format '{{.Name}}' --filter reference=localhost/oth* | sort -u
$B images -q --filter dangling=true | wc -l | tr -d ' '
$B images --format '{{.Name}}' --filter dangling=false | sort
fails $B images --filter nonsense=1
fails $B images --filter nonsense
