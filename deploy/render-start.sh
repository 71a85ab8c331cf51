#!/bin/bash
# Everything in one container, where one service owns the disk: the HTTP API, the pipeline, and what is due each day. When
# the API or the pipeline ends, so does the other, and the platform starts the container again. Only a pipeline that needs
# a person, such as for a missing key, leaves the API as it is. SIGTERM ends both well.
set -um
stopping=''
folder=$(dirname "$CHPIPE_DB")

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
  daily backup chpipe backup --keep 7 --quiet
  [ -z "$stopping" ] || exit 0
  trap - TERM
  exec chpipe stream --enrich
}

# Runs a command when its last success is a day old, however often the container was started meanwhile. Exit 1 is an
# answer, such as that an audit has found and mended something.
daily() {
  local mark=$folder/.last-$1
  shift
  [ -z "$(find "$mark" -mmin -1430 2>/dev/null)" ] || return 0
  "$@"
  [ $? -gt 1 ] || touch "$mark"
}

days() {
  trap 'kill "$nap" 2>/dev/null; exit 0' TERM
  while sleep "${CHECK_SECONDS:-3600}" & nap=$!; wait "$nap"; do
    daily refresh chpipe import-officers --refresh 30d --quiet
    daily backup chpipe backup --keep 7 --quiet
    daily audit chpipe audit --repair --quiet
  done
}

# Each job is a process group of its own, so that what a shell has started hears the signal as well.
stop() {
  stopping=1
  for job in "$api" "$work" "$days"; do kill -TERM -- "-$job" 2>/dev/null; done
}

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
days &
days=$!
trap stop TERM INT

wait -n -p ended "$api" "$work"
code=$?
if [ "${ended:-}" = "$work" ] && [ -z "$stopping" ] && [[ $code =~ ^[23]$ ]]; then
  echo "error: the pipeline ended with $code, as said above; the API goes on. Mend it and start the container again" >&2
  wait "$api"
  code=$?
fi
asked=$stopping
stop
wait
[ -n "$asked" ] && exit 0
echo "error: the API or the pipeline ended with $code; the other was stopped as well" >&2
[ "$code" -ne 0 ] || code=1
exit "$code"
