#!/bin/sh
# Follows the stream until it ends; cron starts it again. All it says goes to stream.log. Usage (2) and configuration (3)
# need a person: the mark goes, and cron mails why. Other failures are mailed when the third follows at once upon two
# others, and then once an hour. Runs in the folder of the database.
[ -e live ] || exit 0
umask 077
# What it may spend on Snov in any day, unless .env says otherwise.
grep -qs '^CHPIPE_CREDIT_BUDGET=' .env || export CHPIPE_CREDIT_BUDGET="${CHPIPE_CREDIT_BUDGET:-200/1d}"
began=$(date +%s)
chpipe stream --enrich --quiet --log-file stream.log >>stream.log 2>&1
code=$?
[ $(($(date +%s) - began)) -lt 600 ] || rm -f stream.failed
if [ "$code" -eq 0 ]; then
  rm -f stream.failed
  exit 0
fi
echo "$code" >>stream.failed
failed=$(wc -l <stream.failed)
case $code in
  2 | 3)
    mv live live.stopped
    echo "chpipe stream ended with $code and is not started again; when mended: mv live.stopped live" >&2
    ;;
  *)
    [ $((failed % 60)) -eq 3 ] || exit "$code"
    echo "chpipe stream has failed $failed times in a row, the last time with $code; it is started again" >&2
    ;;
esac
echo "The end of $PWD/stream.log:" >&2
tail -n 20 stream.log >&2
exit "$code"
