#!/usr/bin/env bash
# What a delivered message costs in the simulated world, in instructions: clients, broker, store, network, disk and checks
# together. They do not depend on what else the machine does.
#
#   benches/sim-instructions.sh [SEED [CLIENTS [SECONDS]]]      default: seed 1, 100 clients, 10 s
#
# Needs valgrind. Builds what it measures.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-} in -*) sed -n 2,7p "$0"; exit 2 ;; esac
seed=${1:-1} clients=${2:-100} secs=${3:-10}
command -v valgrind >/dev/null || { echo 'valgrind is missing: apt-get install valgrind' >&2; exit 1; }
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
cargo build --release --locked --manifest-path "$root/Cargo.toml" -p mqtt-sim --target-dir "$target" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

summary=$(valgrind --tool=callgrind --callgrind-out-file="$work/callgrind" --log-file="$work/log" \
  "$target/release/mqtt-sim" --from "$seed" --clients "$clients" --secs "$secs" --jobs 1)
delivered=$(sed -nE 's/.* ([0-9,]+) delivered.*/\1/p' <<<"$summary" | tr -d ,)
instructions=$(sed -nE 's/.*Collected : ([0-9]+).*/\1/p' "$work/log")
echo "$summary"
echo "$instructions instructions, $((instructions / delivered)) for each delivered message"
