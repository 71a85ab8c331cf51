#!/bin/sh
# Follows the stream until it ends; cron starts it again. Usage (2) and configuration (3) need a person: the mark goes.
# Runs in the folder of the database.
[ -e live ] || exit 0
# What it may spend on Snov in any day, unless .env says otherwise.
grep -qs '^CHPIPE_CREDIT_BUDGET=' .env || export CHPIPE_CREDIT_BUDGET="${CHPIPE_CREDIT_BUDGET:-200/1d}"
chpipe stream --enrich --quiet --log-file stream.log
code=$?
case $code in
  2 | 3)
    mv live live.stopped
    echo "chpipe stream ended with $code; see stream.log, then: mv live.stopped live" >&2
    ;;
esac
exit "$code"
