# The table, its headings, and quiet forms.
$B images | awk 'NR == 1 { print $1, $2, $3 $4, $5, $6 } NR > 1 { print $1, $2, NF > 5 }'
$B images -n | wc -l | tr -d ' '
$B images -q | wc -c | tr -d ' '
$B images -q --no-trunc | cut -c 1-7
$B images --noheading | awk '{ print $1 }'
