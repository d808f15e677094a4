# Lists that are not there.
fails $B manifest inspect localhost/none
fails $B manifest add localhost/none busybox
fails $B manifest rm localhost/none
fails $B manifest remove localhost/none sha256:0000000000000000000000000000000000000000000000000000000000000000
fails $B manifest create
fails $B manifest push localhost/none dir:x
