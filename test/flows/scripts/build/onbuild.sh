# Triggers of the base.
printf 'FROM localhost/busybox\nONBUILD COPY app /app\nONBUILD RUN cat /app > /seen\n' > Containerfile.base
$B bud -q --format docker -f Containerfile.base -t localhost/base . > /dev/null
echo app > app
printf 'FROM localhost/base\n' > Containerfile
$B bud -q -t localhost/out . > /dev/null
$B run "$($B from localhost/out)" cat /seen
