# To archives.
$B push -q --format docker busybox docker-archive:d.tar:localhost/d:1
$B push -q busybox oci-archive:o.tar:localhost/o:1
tar -tf d.tar | grep -c manifest.json
tar -tf o.tar | grep -c index.json
$B pull -q docker-archive:d.tar > /dev/null
$B images --format '{{.Name}}:{{.Tag}}' | sort
