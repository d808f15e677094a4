# Owners a run sets are those of the image.
c=$($B from busybox)
$B run "$c" sh -c 'mkdir /d; touch /d/f; chown 5:6 /d; chown 7 /d/f; chgrp 8 /d/f'
$B commit -q "$c" localhost/out > /dev/null
# compare: image localhost/out
