# A directory that becomes a file, and one that is emptied and filled again.
c=$($B from busybox)
$B run "$c" sh -c 'mkdir -p /x/y /z; echo 1 > /x/y/a; echo 2 > /z/old'
$B commit -q "$c" localhost/first > /dev/null
d=$($B from localhost/first)
$B run "$d" sh -c 'rm -rf /x && echo file > /x; rm -rf /z && mkdir /z && echo 3 > /z/new'
$B commit -q "$d" localhost/out > /dev/null
# compare: image localhost/out
