#!/bin/sh
# alert.sh <script> <unit>: runs the script with the unit's name until it succeeds, for some two hours, as the network may
# not be up yet. Then it rests: systemd starts no second one meanwhile, so that a unit in a loop is told four times an hour.
for pause in 5 10 30 60 120 300 600 1200 2400 2400 0; do
  if sh "$1" "$2"; then
    exec sleep 900
  fi
  sleep "$pause"
done
echo "nobody could be told that $2 failed" >&2
exit 1
