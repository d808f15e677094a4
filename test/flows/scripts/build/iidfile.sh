# The ID in a file.
printf 'FROM scratch\nENV A=1\n' > Containerfile
$B bud -q --iidfile iid -t localhost/out . > /dev/null
cut -c 1-7 iid
test "$(cat iid)" = "sha256:$($B inspect --type image --format '{{.FromImageID}}' localhost/out)" && echo same
