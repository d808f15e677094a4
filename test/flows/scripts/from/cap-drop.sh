# Capabilities given once count for every run.
c=$($B from --cap-drop all busybox)
$B run "$c" grep CapEff /proc/self/status
