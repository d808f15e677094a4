# The name of a container leaves registry and tag out.
$B tag busybox localhost/team/tool:1.2
$B from localhost/team/tool:1.2
$B from --quiet localhost/team/tool:1.2
