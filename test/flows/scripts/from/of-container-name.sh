# Names that look alike.
$B from --name a busybox
$B from --name ab busybox
$B inspect --format '{{.Container}}' a
$B rm a > /dev/null
$B containers --noheading --format '{{.ContainerName}}'
