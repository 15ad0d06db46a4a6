#!/usr/bin/env python3
"""The load generator against the broker on 127.0.0.1:PORT: nothing is lost, repeated or out of order under load.

with_loadgen.py PORT          The program is $LOADGEN.
"""

import json
import os
import subprocess
import sys

SHORT = ["--secs", "1", "--warmup", "0.2"]
SCENARIOS = [
    ["p2p", "--qos", "0", *SHORT],
    ["p2p", "--qos", "1", *SHORT],
    ["p2p", "--qos", "2", *SHORT],
    ["p2p", "--qos", "0", "--v5", *SHORT],
    ["p2p", "--qos", "1", "--v5", *SHORT],
    ["p2p", "--qos", "2", "--v5", *SHORT],
    ["p2p", "--n", "1", "--window", "1", *SHORT],
    ["fanout", "--subs", "200", "--qos", "1", *SHORT],
    ["fanin", "--pubs", "200", *SHORT],
    ["fanin", "--pubs", "100", "--subs", "4", "--shared", "--v5", *SHORT],
    ["wildcard", "--filters", "1000", *SHORT],
    ["large", *SHORT],
    ["retained", "--msgs", "5000"],
    ["offline", "--msgs", "5000"],
    ["idle", "--conns", "500"],
    ["connect", "--secs", "1"],
]
# What each result must show, where it has the number.
NONE = ["lost", "dups", "gaps", "repeats", "incomplete_rounds", "refused", "closed", "blocked_or_nack"]


def main():
    for scenario in SCENARIOS:
        command = [os.environ["LOADGEN"], *scenario, "--port", sys.argv[1]]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=120)
        result = json.loads(done.stdout or "{}")
        wrong = {name: result[name] for name in NONE if result.get(name)}
        if done.returncode != 0 or wrong:
            print(f"FAILED loadgen {' '.join(scenario)}: exit code {done.returncode}, {wrong}\n{done.stdout}")
            sys.exit(1)
        print(f"ok loadgen {' '.join(scenario)}", flush=True)
    print(f"loadgen: {len(SCENARIOS)} runs lost nothing")


main()
