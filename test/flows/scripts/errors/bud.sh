# Builds that cannot be.
mkdir context empty
says 'no such file or directory' $B bud nowhere
fails $B bud empty
echo 'FROM localhost/none' > context/Containerfile
fails $B bud --pull-never context
echo 'NONSENSE x' > context/Containerfile
fails $B bud context
echo 'RUN true' > context/Containerfile
fails $B bud context
