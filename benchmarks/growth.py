#!/usr/bin/env python3
"""What a larger table costs: growth.py SOURCE_ROOT BUILD_ROOT [--json] [--sizes N,N...] [--nexthops N] [--seed N] [--rounds N] [--plot FILE.svg]

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
from plot import Plot  # noqa: E402

SIZES = [int(size) for size in number(words, "--sizes", "1000,3000,10000,30000,100000,300000,1000000,2000000").split(",")]
KEYS = {"random": "uniform", "table": "from the table"}


def rates(answer, keys):
    """Millions a second: ours and the best peer's, of a key set ("single_" before it: one at a time)."""
    rows = answer["rows"][keys.removeprefix("single_")]
    return rows["fairlead_one" if keys.startswith("single_") else "fairlead"]["mlps"], rows[answer[keys + "_best_peer"]]["mlps"]


def tell(answer):
    """A line of a table in Markdown."""
    cells = [f"{answer['prefixes']:,}", f"{answer['used_bytes'] / 2**20:.2f}", f"{answer['load_s'] * 1000:.1f}",
             f"{answer['updates_alone_per_s'] / 1e6:.1f}"]
    for keys in (start + keys for start in ("", "single_") for keys in KEYS):
        ours, best = rates(answer, keys)
        cells.append(f"{ours:.0f} / {best:.0f}")
    return "| " + " | ".join(cells) + " |"


def draw(answers, path):
    plot = Plot("Lookups, 64 at once, in tables of 1,000 to 2 million prefixes", "prefixes", "million a second", (1e3, 2e6), (10, 10000), x_log=True,
                legend_top=310)
    for keys, name in KEYS.items():
        for which, whose in enumerate(("Fairlead", "the best of rte_fib and rte_lpm")):
            plot.line(f"{whose}, keys {name}", [(answer["prefixes"], rates(answer, keys)[which]) for answer in answers])
    plot.write(path)


def main():
    seed, answers = number(words, "--seed", 1), []
    say("| prefixes | MiB used | load, ms | changes, M/s | uniform, M/s, ours / best peer | from the table | one at a time, uniform | from the table |")
    for size in SIZES:
        answers.append(measure(build, tables.make_up(size, seed), words, rounds=7))
        say(tell(answers[-1]))
    if "--plot" in words:
        path = number(words, "--plot", "")
        draw(answers, path)
        say(f"plotted into {path}")
    if "--json" in words:
        print(json.dumps({"sizes": answers}))


if __name__ == "__main__":
    main()
