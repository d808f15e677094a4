#!/bin/sh
# Prints the message file it is given, and who is asking.
cat "$1"
echo "running as uid $(id -u) in $(pwd)"
