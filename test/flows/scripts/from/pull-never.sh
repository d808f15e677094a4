# An image that is nowhere.
says 'image not known' $B from --pull-never localhost/missing
fails $B from --pull=never localhost/missing
$B containers -q
