#!/bin/sh
# Writes what `chpipe progress --prometheus` tells into the folder that the node exporter's textfile collector reads:
# metrics.sh <folder>. The collector takes files that end with .prom, and finds this one whole.
set -eu
folder=${1:?the folder of the textfile collector}
new=$folder/.chpipe.prom.$$
trap 'rm -f "$new"' EXIT
umask 022

code=0
chpipe progress --prometheus >"$new" || code=$?
# 1 means that the target is not reached yet; without a database there is nothing to tell.
[ "$code" -le 1 ] || exit "$code"
[ -s "$new" ] || exit 0
mv "$new" "$folder/chpipe.prom"
