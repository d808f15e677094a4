# A reader that goes away.
$B images | head -1 > /dev/null
$B from --name one busybox | head -1
