#!/bin/bash
# Everything in one container, where one service owns the disk: the HTTP API, the pipeline, and what is due each day. When
# the API or the pipeline ends, so does the other, and the platform starts the container again. SIGTERM ends both well.
set -um
stopping=''

# Officers until the target is reached, a backup, then the stream.
pipeline() {
  trap 'stopping=1' TERM
  until chpipe progress --quiet >/dev/null 2>&1; do
    [ -z "$stopping" ] || exit 0
    chpipe import-officers --quiet
    [ $? -ne 3 ] || exit 3
    [ -n "$stopping" ] || sleep "${RETRY_SECONDS:-60}"
  done
  [ -z "$stopping" ] || exit 0
  chpipe backup --keep 7 --quiet || exit
  [ -z "$stopping" ] || exit 0
  trap - TERM
  exec chpipe stream --enrich
}

daily() {
  trap 'kill "$nap" 2>/dev/null; exit 0' TERM
  while sleep 86400 & nap=$!; wait "$nap"; do
    chpipe import-officers --refresh 30d --quiet
    chpipe backup --keep 7 --quiet
    chpipe audit --repair --quiet
  done
}

# Each job is a process group of its own, so that what a shell has started hears the signal as well.
stop() {
  stopping=1
  for job in "$api" "$work" "$days"; do kill -TERM -- "-$job" 2>/dev/null; done
}

folder=$(dirname "$CHPIPE_DB")
if [ ! -w "$folder" ]; then
  echo "error: $(id -un) may not write to $folder, where the database belongs" >&2
  exit 3
fi
# The API opens a database that exists: importing no suppressions makes an empty one.
if [ ! -s "$CHPIPE_DB" ]; then
  printf 'kind,value,born,reason\n' | chpipe suppress import - --quiet >/dev/null || exit
fi

chpipe serve --host 0.0.0.0 --port "${PORT:-8080}" &
api=$!
pipeline &
work=$!
daily &
days=$!
trap stop TERM INT

wait -n "$api" "$work"
code=$?
asked=$stopping
stop
wait
[ -n "$asked" ] && exit 0
echo "error: the API or the pipeline ended with $code; the other was stopped as well" >&2
[ "$code" -ne 0 ] || code=1
exit "$code"
