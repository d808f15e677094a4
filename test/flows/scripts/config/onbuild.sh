# Triggers in Docker's format.
c=$($B from --format docker busybox)
$B config --onbuild 'RUN echo one' --onbuild 'COPY . /src' "$c"
$B commit -q --format docker "$c" localhost/out > /dev/null
# compare: image localhost/out
