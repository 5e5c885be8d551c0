#!/usr/bin/env python3
"""The smallest table that forwards as a table does: aggregate.py SOURCE_ROOT BUILD_ROOT [--json] [--table FILE] [--nexthops N,N...] [--seed N]
[--prefixes N]

benchmarks/README.md says what is measured.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import time

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "benchmarks", folder) for folder in ("common", "fib")]

import intervals  # noqa: E402
import tables  # noqa: E402
from command import number, say  # noqa: E402

SEED, NEXT_HOPS = number(words, "--seed", 1), [int(count) for count in number(words, "--nexthops", "1,16,256").split(",")]
DISCARD = "blackhole"


def with_next_hops(prefixes, next_hops, alike):
    """Each prefix has a next hop that is drawn; or, as often as not, that of the one in front of it: blocks of one holder
    lie beside one another."""
    draw, lines, hop = random.Random(SEED), [], 0
    for prefix in prefixes:
        if not alike or draw.random() < .5:
            hop = draw.randrange(next_hops)
        lines.append(f"{prefix} via 10.0.{hop >> 8}.{hop & 255}\n")
    return lines


def measure(path, before, *options):
    began = time.monotonic()
    out = subprocess.run([os.path.join(build, "client/fairlead"), "plan", "aggregate", path, *options], check=True,
                         capture_output=True, text=True).stdout.splitlines()
    took = time.monotonic() - began
    after = {prefix: None if to == DISCARD else to for prefix, to in intervals.read(out).items()}
    checked = intervals.of(after)
    if checked != intervals.of(before):
        raise SystemExit(f"{path} {options}: the tables answer differently")
    return {"before": len(before), "after": len(after), "fewer": round(1 - len(after) / len(before), 4),
            "edges_checked": len(checked), "seconds": round(took, 2)}


def main():
    name, text = tables.from_words(words, SEED)
    prefixes = text.decode().split()
    answer = {"table": name, "seed": SEED, "tables": {}}
    for next_hops in NEXT_HOPS:
        for alike in (False, True) if next_hops > 1 else (False,):
            lines = with_next_hops(prefixes, next_hops, alike)
            before = intervals.read(lines)
            with tempfile.NamedTemporaryFile("w", suffix=".routes") as file:
                file.writelines(lines)
                file.flush()
                for options in ((), ("discards",)):
                    key = " ".join([str(next_hops), *["alike"] * alike, *options])
                    answer["tables"][key] = facts = measure(file.name, before, *options)
                    say(f"{key} next hops: {facts['before']:,} -> {facts['after']:,} prefixes, {facts['fewer']:.1%} fewer, "
                        f"the same at all {facts['edges_checked']:,} edges, in {facts['seconds']} s")
    if "--json" in words:
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
