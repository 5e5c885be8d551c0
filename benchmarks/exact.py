#!/usr/bin/env python3
"""The forwarding table against the reference trie: exact.py SOURCE_ROOT BUILD_ROOT [--json] [--table FILE] [--nexthops N,N...] [--seed N]
[--churns N] [--changes N] [--prefixes N]

benchmarks/README.md says what is compared.
"""
import json
import os
import sys

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "benchmarks", folder) for folder in ("common", "fib")]

import tables  # noqa: E402
from command import facts_and_rows, number, say  # noqa: E402

SEED, CHURNS, CHANGES = number(words, "--seed", 1), number(words, "--churns", 100), number(words, "--changes", 10000)
NEXT_HOPS = [int(count) for count in number(words, "--nexthops", "16,256,65000").split(",")]


def main():
    name, table = tables.from_words(words, SEED)
    answer = {"table": name, "seed": SEED, "churns": CHURNS, "changes": CHANGES, "exact": {}}
    for next_hops in NEXT_HOPS:
        command = [os.path.join(build, "benchmarks/fib_exact"), *map(str, (next_hops, SEED, CHURNS, CHANGES))]
        facts, _ = facts_and_rows(command, table, 3600)
        facts = {fact: int(values[0]) for fact, values in facts.items()}
        answer["exact"][next_hops] = facts
        say(f"{next_hops} next hops: equal at {facts['addresses_checked']:,} addresses, over {facts['changes']:,} changes")
    if "--json" in words:
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
