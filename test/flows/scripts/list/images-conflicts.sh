# Flags that exclude each other.
fails $B images --json --quiet
fails $B images --json --format '{{.ID}}'
fails $B images --quiet --format '{{.ID}}'
