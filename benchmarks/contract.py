#!/usr/bin/env python3
"""Whether contracts are kept: contract.py SOURCE_ROOT BUILD_ROOT --proof [--json] [--sets N] [--packets N] [--seed N]

benchmarks/README.md says what is tried.
"""
import json
import os
import sys

source, build, *words = sys.argv[1:]
sys.path.insert(0, os.path.join(source, "benchmarks/common"))

from command import facts_and_rows, number  # noqa: E402

SEED, SETS, PACKETS = number(words, "--seed", 1), number(words, "--sets", 1000), number(words, "--packets", 100_000_000)


def proof():
    """In virtual time: every packet of every contract in time, or the program ends with the seed of the one that was not."""
    command = [os.path.join(build, "benchmarks/contract_proof"), *map(str, (SEED, SETS, PACKETS))]
    facts, _ = facts_and_rows(command, b"", 3600)
    return {"seed": SEED} | {name: values[0] if "worst" in name else int(values[0]) for name, values in facts.items()}


def main():
    if "--proof" not in words:
        raise SystemExit("usage: sudo ./bench contract --proof [--json] [--sets N] [--packets N] [--seed N]")
    answer = {"proof": proof()}
    if "--json" in words:
        print(json.dumps(answer))
        return
    for name, value in answer["proof"].items():
        print(f"{name.replace('_', ' '):24} {value:>16,}")


main()
