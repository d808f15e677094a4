# By its ID: refused while there are several names.
$B tag busybox localhost/a
id=$($B images -q busybox | head -1)
fails $B rmi "$id"
$B images -q | wc -l | tr -d ' '
fails $B rmi -f "$id"
$B images -q | wc -l | tr -d ' '
