# Credentials of a registry that wants none, and of one that is not there.
printf secret | fails $B login --tls-verify=false --authfile auth.json -u user --password-stdin "$REGISTRY"
grep -c "$REGISTRY" auth.json
$B login --authfile auth.json --get-login "$REGISTRY"
fails $B logout --authfile auth.json "$REGISTRY"
fails $B login --authfile auth.json --get-login "$REGISTRY"
fails $B logout --authfile auth.json --all
