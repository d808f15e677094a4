# Stages, COPY --from, and --target.
cat > Containerfile <<END
FROM localhost/busybox AS builder
RUN echo program > /program
FROM localhost/busybox AS tester
COPY --from=builder /program /tested
FROM scratch
COPY --from=builder /program /program
END
$B bud --layers -q -t localhost/out . > /dev/null
$B bud --layers -q --target tester -t localhost/tester . > /dev/null
# compare: content localhost/out
# compare: content localhost/tester
