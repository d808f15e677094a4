# A Containerfile, its tag, and the ID at the end.
printf 'FROM localhost/busybox\nRUN echo built > /built\nENV A=1\nCMD ["cat", "/built"]\n' > Containerfile
$B bud -t localhost/out . > log 2>&1
grep -E '^(STEP|COMMIT|Successfully tagged)' log
tail -1 log | wc -c | tr -d ' '
$B bud --layers -q -t localhost/again . | wc -l | tr -d ' '
# compare: content localhost/out
