#!/bin/sh
# Durable events a second: wrk posts debugger events to `redial listen`, each with a Sid of its own, and the store is counted afterwards.
# usage: benches/listen.sh REDIAL [SECONDS [CONNECTIONS [FOLDER]]]   (10 seconds, 32 connections, the system's folder for temporary files)
# The disk under FOLDER matters: each answer waits for its fsync. Needs wrk and sqlite3.
set -eu

redial=${1:?usage: benches/listen.sh REDIAL [SECONDS [CONNECTIONS [FOLDER]]]}
seconds=${2:-10}
connections=${3:-32}
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d -p "${4:-${TMPDIR:-/tmp}}")
listener=
trap 'test -z "$listener" || kill "$listener" 2>/dev/null || true; rm -rf "$folder"' EXIT INT TERM

# A debugger event as Twilio sent it; the line end belongs to the file.
form="$here/../tests/data/shapes/twilio/debugger-11200-sms-total-timeout.form"

env -u TWILIO_AUTH_TOKEN REDIAL_STORE="$folder/store.db" "$redial" listen --port 0 --json >"$folder/out" 2>"$folder/err" &
listener=$!
url=
for _ in $(seq 100); do
    url=$(sed -n 's/^{"type":"listening","url":"\([^"]*\)".*/\1/p' "$folder/out")
    test -z "$url" || break
    sleep 0.1
done
test -n "$url" || { cat "$folder/err" >&2; exit 1; }

wrk --threads 2 --connections "$connections" --duration "${seconds}s" --latency --timeout 10s \
    --script "$here/listen.lua" "$url" -- "$form" >"$folder/wrk"
kill -TERM "$listener"
wait "$listener"
listener=

sed -n '/^requests /,$p' "$folder/wrk"
# The last requests may be cut off by wrk's end before it saw their answers: there may be more rows, never fewer.
rows=$(sqlite3 "$folder/store.db" 'select count(*) from event')
echo "rows $rows"
echo "integrity $(sqlite3 "$folder/store.db" 'pragma integrity_check')"
answered=$(sed -n 's/^requests //p' "$folder/wrk")
failed=$(sed -n 's/^failed //p' "$folder/wrk")
test "$rows" -ge "$((answered - failed))" || { echo "rows are missing" >&2; exit 1; }
