# Labels made of the state of a repository.
git init -q . 2> /dev/null
git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m first --date '2020-01-01T00:00:00Z'
branch=$(git rev-parse --abbrev-ref HEAD)
c=$($B from scratch)
$B config --label "org.opencontainers.image.revision=$(git rev-list --count HEAD)" --label "branch=$branch" "$c"
$B commit -q "$c" localhost/out > /dev/null
$B inspect --type image --format '{{index .OCIv1.Config.Labels "org.opencontainers.image.revision"}}' localhost/out
