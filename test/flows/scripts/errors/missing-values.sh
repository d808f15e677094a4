# A flag without its value.
says 'flag needs an argument' $B from --name
says 'flag needs an argument' $B commit --format
says 'unknown flag' $B run --nonsense x y
says 'unknown shorthand flag' $B images -Z
