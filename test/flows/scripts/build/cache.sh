# The second time from the cache.
printf 'FROM localhost/busybox\nRUN date +%%N > /time\nRUN echo second\n' > Containerfile
a=$($B bud --layers -q -t localhost/a .)
b=$($B bud --layers -q -t localhost/b .)
test "$a" = "$b" && echo cached
c=$($B bud --layers --no-cache -q -t localhost/c .)
test "$a" != "$c" && echo again
$B bud --layers -t localhost/d . 2>&1 | grep -c 'Using cache'
