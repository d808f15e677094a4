# unshare ends as its command.
$B unshare sh -c 'exit 9' 2>/dev/null
echo "status $?"
# only: user
