#!/bin/sh
# cron-check.sh audit|doctor: runs it in the folder of the database, and shows what it said only when something is wrong.
# Once live, it is wrong when nobody follows the stream; before, there is nothing to audit.
umask 077
case $1 in
  audit)
    [ -e live ] || exit 0
    set -- audit --repair --quiet
    ;;
  doctor)
    set -- doctor --quiet
    [ ! -e live ] || set -- "$@" --live
    ;;
esac
chpipe "$@" >"$1.txt" || cat "$1.txt"
