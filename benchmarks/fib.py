#!/usr/bin/env python3
"""Lookups a second: fib.py SOURCE_ROOT BUILD_ROOT [--json] [--table FILE] [--nexthops N] [--seed N] [--rounds N] [--keys N] [--lpm-add]

benchmarks/README.md says what is measured.
"""
import json
import os
import sys

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "benchmarks", folder) for folder in ("common", "fib")]

import tables  # noqa: E402
from command import number, say  # noqa: E402
from lookups import measure  # noqa: E402


def main():
    name, table = tables.from_words(words, number(words, "--seed", 1))
    answer = {"table": name, **measure(build, table, words, rounds=15)}
    rows = answer["rows"]
    for keys in (start + keys for keys in rows for start in ("", "single_")):
        low, median, high = answer[keys + "_ratio_quartiles"]
        say(f"{keys}_ratio: {median:.2f} ({low:.2f} to {high:.2f}); the best peer is {answer[keys + '_best_peer']}")
    for row in rows["random"]:
        say(f"{row:18}" + "".join(f"{keys:>8} {rows[keys][row]['mlps']:7.1f}" for keys in rows) + "  M/s")
    say(", ".join(f"{name} {value}" for name, value in answer.items() if not isinstance(value, (dict, list))))
    if "--json" in words:
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
