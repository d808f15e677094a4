# When there are none.
$B containers | wc -l | tr -d ' '
$B containers -q
$B containers --json | head -c 4
