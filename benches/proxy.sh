#!/usr/bin/env bash
# What `redial proxy` adds to a webhook: a small app asked directly and through the proxy, by wrk over 1 and over 32
# connections. Prints requests/s and latency (ms); the proxy's tokens are set, so that signatures are checked.
#
#   cargo build --release --bin redial --example upstream && benches/proxy.sh
#
# BIN and UPSTREAM name other programs, SECONDS_EACH how long each run takes (10).
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
bin=${BIN:-$target/release/redial}
upstream=${UPSTREAM:-$target/release/examples/upstream}
each=${SECONDS_EACH:-10}
command -v wrk >/dev/null || { echo "wrk is needed (apt-get install wrk)" >&2; exit 2; }

work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT

# The first line of a file, once it is there.
first_line() {
  for _ in $(seq 100); do
    if [ "$(wc -l <"$1")" -gt 0 ]; then head -n 1 "$1"; return; fi
    sleep 0.1
  done
  echo "nothing started: $(cat "$1")" >&2
  return 1
}

"$upstream" >"$work/app" &
pids+=($!)
app=$(first_line "$work/app")

export REDIAL_STORE="$work/store.db" TWILIO_AUTH_TOKEN=0123456789abcdef0123456789abcdef
"$bin" proxy --port 0 --to "$app" 2>"$work/proxy" &
proxy_pid=$!
pids+=("$proxy_pid")
proxy=$(first_line "$work/proxy")

printf '%-8s %12s %10s %9s %9s %9s %7s\n' through connections 'req/s' p50 p99 max errors
for connections in 1 32; do
  for through in direct proxy; do
    url=$app
    [ "$through" = proxy ] && url=$proxy
    wrk -t1 -c"$connections" -d2s -s benches/proxy.lua "$url/voice" >/dev/null
    read -r _ rate p50 p99 max errors < <(wrk -t1 -c"$connections" -d"${each}s" -s benches/proxy.lua "$url/voice" | grep '^RESULT')
    printf '%-8s %12s %10s %9s %9s %9s %7s\n' "$through" "$connections" "$rate" "$p50" "$p99" "$max" "$errors"
  done
done
kill "$proxy_pid"
wait "$proxy_pid" || true
# What was passed through, recorded, and not recorded.
tail -n 1 "$work/proxy"
