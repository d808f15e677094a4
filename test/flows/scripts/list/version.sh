# Versions.
fails $B version
fails $B --version
fails $B version --json
fails $B version extra
