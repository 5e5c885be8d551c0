#!/usr/bin/env python3
"""Lookups a second: fib.py SOURCE_ROOT BUILD_ROOT [--json] [--table FILE] [--nexthops N] [--seed N] [--rounds N] [--keys N] [--lpm-add]

benchmarks/README.md says what is measured.
"""
import json
import os
import statistics
import sys

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "benchmarks", folder) for folder in ("common", "fib")]

import tables  # noqa: E402
from command import facts_and_rows, number, quartiles, say  # noqa: E402

SEED, ROUNDS, KEYS = number(words, "--seed", 1), number(words, "--rounds", 15), number(words, "--keys", 1 << 20)
NEXT_HOPS = number(words, "--nexthops", 256)
BATCH_PEERS = ["rte_fib", "rte_fib_avx512", "rte_lpm", "rte_lpm_x4"]
SINGLE_PEERS = ["rte_fib_one", "rte_lpm_one"]


def measure(table):
    """{fact: value} and {key set: {row: [rate of each round]}}."""
    command = ["taskset", "-c", str(os.cpu_count() - 1), os.path.join(build, "benchmarks/fib"), str(NEXT_HOPS), str(SEED),
               str(ROUNDS), str(KEYS)] + (["lpm-add"] if "--lpm-add" in words else [])
    return facts_and_rows(command, table, 1800)


def ratio(rows, ours, peers):
    """Ours to the best peer of the same round, of all rounds."""
    return [mine / max(others) for mine, *others in zip(rows[ours], *(rows[peer] for peer in peers if peer in rows))]


def main():
    name, table = tables.from_words(words, SEED)
    facts, rates = measure(table)
    fact = {name: statistics.median(values) for name, values in facts.items()}
    answer = {"table": name, "prefixes": int(fact["prefixes"]), "seed": SEED,
              "nexthops": NEXT_HOPS, "rounds": ROUNDS, "keys": KEYS}
    for keys, rows in rates.items():
        for name, ours, peers in ((f"{keys}_ratio", "fairlead", BATCH_PEERS), (f"single_{keys}_ratio", "fairlead_one", SINGLE_PEERS)):
            ratios = quartiles(ratio(rows, ours, peers))
            answer[name], answer[name + "_quartiles"] = ratios[1], ratios
            best = max((peer for peer in peers if peer in rows), key=lambda peer: statistics.median(rows[peer]))
            say(f"{name}: {ratios[1]:.2f} ({ratios[0]:.2f} to {ratios[2]:.2f}); the best peer is {best}")
    answer["rows"] = {keys: {row: dict(zip(("low", "mlps", "high"), quartiles(values))) for row, values in rows.items()}
                      for keys, rows in rates.items()}
    for row in answer["rows"]["random"]:
        say(f"{row:18}" + "".join(f"{keys:>8} {answer['rows'][keys][row]['mlps']:7.1f}" for keys in rates) + "  M/s")
    for name in ("memory_bytes", "used_bytes", "writer_bytes", "blocks", "blocks_wide", "slash24_more", "edges_checked"):
        answer[name] = int(fact[name])
    answer["load_s"], answer["rte_fib_load_s"] = fact["load_s"], fact["rte_fib_load_s"]
    answer["rte_lpm_load_s"] = fact.get("rte_lpm_load_s")
    for size, end in (("1", ""), ("64", "_at_64")):
        answer["updates_alone_per_s" + end] = int(fact["updates_alone_" + size])
        if "updates_beside_" + size in fact:
            answer["updates_per_s" + end] = int(fact["updates_beside_" + size])
            answer["reader_kept" + end] = round(fact["reader_beside_" + size] / fact["reader_alone_" + size], 3)
            answer["reader_alone_mlps" + end] = fact["reader_alone_" + size]
    say(", ".join(f"{name} {value}" for name, value in answer.items() if not isinstance(value, (dict, list))))
    if "--json" in words:
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
