# A secret is seen and not kept.
echo very > secret
printf 'FROM localhost/busybox\nRUN --mount=type=secret,id=s cat /run/secrets/s | tr a-z A-Z > /shown\n' > Containerfile
$B bud -q --secret id=s,src=secret -t localhost/out . > /dev/null
$B run "$($B from localhost/out)" sh -c 'cat /shown; ls /run/secrets 2>/dev/null | wc -l'
