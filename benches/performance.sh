#!/usr/bin/env bash
# What a message and an idle connection cost, mqttd beside mosquitto in the same run; a markdown table.
#
#   benches/performance.sh [-r RUNS] [-s SECONDS] [-o RESULTS.jsonl]      default: 3 runs of 3 s
#
# Needs mosquitto (apt-get install mosquitto), python3 and a limit of 11,000 open files. Builds what it measures.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
runs=3 seconds=3 results=
while getopts r:s:o: option; do
  case $option in
    r) runs=$OPTARG ;; s) seconds=$OPTARG ;; o) results=$(realpath -m "$OPTARG") ;;
    *) sed -n 2,6p "$0"; exit 2 ;;
  esac
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
results=${results:-$work/results.jsonl}
: >"$results"

command -v mosquitto >/dev/null || { echo 'mosquitto is missing: apt-get install mosquitto' >&2; exit 1; }
hard=$(ulimit -Hn)
[ "$hard" = unlimited ] || [ "$hard" -ge 11000 ] || { echo "open files: $hard, needed 11000" >&2; exit 1; }

target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
cargo build --release --locked --manifest-path "$root/Cargo.toml" --bin mqttd --target-dir "$target" >&2
cargo build --release --locked --manifest-path "$here/loadgen/Cargo.toml" --target-dir "$target/benches/loadgen" >&2

# As fast as mosquitto goes without dropping: no bound on queues or windows, no waiting for more to send, no log.
# Without a listener line it serves loopback only, on the port of its command line.
cat >"$work/mosquitto.conf" <<CONF
allow_anonymous true
persistence false
max_queued_messages 0
max_inflight_messages 0
set_tcp_nodelay true
log_type none
user $(id -un)
CONF

LG=$target/benches/loadgen/release/loadgen "$here/loadgen/compare.sh" -r "$runs" -s "$seconds" -o "$results" \
  -c '^(p2p-q[012]-256|p2p-q0-256-pingpong|idle-10k)$' \
  mosquitto="mosquitto -c $work/mosquitto.conf -p {port}" \
  mqttd="$target/release/mqttd -p {port} --no-persistence -q" >"$work/all.md"

python3 - "$results" <<'PY'
import json
import statistics
import sys

CELLS = [
    ("p2p-q0-256", "QoS 0, 256 B, 10 pairs", "cpu_us_per_msg", "µs CPU per message"),
    ("p2p-q1-256", "QoS 1, 256 B, 10 pairs", "cpu_us_per_msg", "µs CPU per message"),
    ("p2p-q2-256", "QoS 2, 256 B, 10 pairs", "cpu_us_per_msg", "µs CPU per message"),
    ("p2p-q0-256-pingpong", "QoS 0, 256 B, one message at a time", "cpu_us_per_msg", "µs CPU per message"),
    ("idle-10k", "10,000 idle connections, one subscription each", "rss_bytes_per_conn", "B RSS per connection"),
]
# A run that lost, repeated or reordered a message, or gave up a connection, says nothing about its cost.
FAULTS = ["lost", "dups", "gaps", "stalls", "refused", "closed"]

runs = [json.loads(line) for line in open(sys.argv[1])]


def number(x):
    return f"{x:,.0f}" if x >= 100 else f"{x:.2f}" if x >= 1 else f"{x:.3f}"


print("| load | unit | mosquitto | mqttd | ratio | lossless | steal |")
print("|---|---|---:|---:|---:|---|---:|")
wrong = 0
for cell, load, key, unit in CELLS:
    both = [r for r in runs if r["cell"] == cell]
    faults = [f"{r['broker']} run {r['rep']}: {r.get('error', '')} {x}" for r in both
              for x in [{k: r[k] for k in FAULTS if r.get(k)}] if x or "error" in r]
    values = {b: [r[key] for r in both if r["broker"] == b and key in r] for b in ("mosquitto", "mqttd")}
    shown = {b: f"{number(statistics.median(v))} ({number(min(v))} to {number(max(v))})" if v else "-"
             for b, v in values.items()}
    ratio = statistics.median(values["mqttd"]) / statistics.median(values["mosquitto"]) if all(values.values()) else None
    steal = max((r.get("steal_pct", 0) for r in both), default=0)
    print(f"| {load} | {unit} | {shown['mosquitto']} | {shown['mqttd']} | {f'{ratio:.3f}' if ratio else '-'} "
          f"| {'no' if faults or not ratio else 'yes'} | {steal:.1f} % |")
    wrong += bool(faults or not ratio)
    for fault in faults:
        print(fault, file=sys.stderr)
sys.exit(1 if wrong else 0)
PY
