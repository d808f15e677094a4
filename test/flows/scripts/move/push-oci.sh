# To a layout, and back under another name.
$B push -q busybox oci:layout:one
ls layout | sort
$B rmi busybox > /dev/null
$B pull -q oci:layout:one | wc -c | tr -d ' '
$B images -q | wc -l | tr -d ' '
