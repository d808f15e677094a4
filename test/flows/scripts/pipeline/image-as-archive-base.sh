# An archive handed from one job to the next.
c=$($B from busybox)
$B run "$c" sh -c 'echo job1 > /job1'
$B commit -q --rm "$c" oci-archive:job.tar:job > /dev/null
$B rmi -a -f > /dev/null
c=$($B from oci-archive:job.tar:job)
$B run "$c" cat /job1
