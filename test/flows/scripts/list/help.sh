# Help for everything.
fails $B --help
fails $B help
for command in add build commit config containers copy from images info inspect mount pull push rename rm rmi run tag umount unshare version; do
  $B $command --help > /dev/null 2>&1 || echo "no help for $command"
done
fails $B help from
