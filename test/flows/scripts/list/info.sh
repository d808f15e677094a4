# About the machine.
fails $B info
$B info --format '{{.host.os}} {{.host.arch}}'
echo
fails $B info extra
