# What a container of a base in a layout is called.
$B push -q busybox "oci:layout:x"
$B from -q oci:layout:x
