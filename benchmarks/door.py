#!/usr/bin/env python3
"""Nanoseconds a packet of the front door: door.py SOURCE_ROOT BUILD_ROOT [--json] [--table FILE] [--sizes N,N...] [--nexthops N] [--seed N]
[--rounds N] [--packets N]

benchmarks/README.md says what is measured.
"""
import json
import os
import statistics
import subprocess
import sys

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, folder) for folder in ("benchmarks/common", "benchmarks/fib", "lab")]

import tables  # noqa: E402
from command import facts_and_rows, number, quartiles, say  # noqa: E402
from lab import enter  # noqa: E402

SEED, ROUNDS, PACKETS = number(words, "--seed", 1), number(words, "--rounds", 15), number(words, "--packets", 1 << 18)
NEXT_HOPS = number(words, "--nexthops", 256)
SIZES = [int(size) for size in number(words, "--sizes", "10,10000,901899").split(",")]
ROWS = {"empty": "the empty program", "door": "the front door", "door_dir24": "the front door with a DIR-24-8",
        "fib": "a minimal router with our table", "dir24": "a minimal router with a DIR-24-8", "kernel": "a minimal router with bpf_fib_lookup"}


def measure(table, size):
    """{fact: value} and {key set: {row: [nanoseconds of each round]}}, in a network of its own."""
    node = f"door{size}"
    for command in (["netns", "add", node], ["-n", node, "link", "set", "lo", "up"],
                    ["-n", node, "link", "add", "name", "in", "type", "veth", "peer", "name", "inside"],
                    ["-n", node, "link", "add", "name", "out", "type", "veth", "peer", "name", "outside"],
                    ["-n", node, "link", "set", "inside", "up"], ["-n", node, "link", "set", "outside", "up"],
                    ["netns", "exec", node, "sysctl", "-qw", "net.ipv4.ip_forward=1"]):
        subprocess.run(["ip", *command], check=True)
    command = ["ip", "netns", "exec", node, "taskset", "-c", str(os.cpu_count() - 1), *(os.path.join(build, "benchmarks", name) for name in ("door", "door.bpf.o", "door_dir24.bpf.o")),
               "in", "out", *map(str, (NEXT_HOPS, SEED, ROUNDS, PACKETS, size))]
    facts, rows = facts_and_rows(command, table, 1800)
    return {name: values[0] for name, values in facts.items()}, rows


def figures(rows):
    """Medians, and those of what each row costs over the empty program in the same round."""
    answer = {}
    for row, values in rows.items():
        low, median, high = quartiles(values)
        over = statistics.median(value - empty for value, empty in zip(values, rows["empty"]))
        answer[row] = {"ns": median, "low": low, "high": high, "over_empty_ns": over}
    return answer


def main():
    enter()
    name, table = tables.from_words(words, SEED)
    answer = {"table": name, "seed": SEED, "nexthops": NEXT_HOPS, "rounds": ROUNDS, "packets": PACKETS, "sizes": {}}
    for size in SIZES:
        facts, rates = measure(table, size)
        keys = {set_name: figures(rows) for set_name, rows in rates.items()}
        answer["sizes"][int(facts["prefixes"])] = {"kernel_load_s": facts["kernel_load_s"], **keys}
        for set_name, rows in keys.items():
            for row, values in rows.items():
                say(f"{int(facts['prefixes'])} prefixes, {set_name} keys: {ROWS[row]}: {values['ns']:.0f} ns, "
                    f"{values['over_empty_ns']:.0f} over the empty one")
    last = keys["random"]
    names = {"empty": "empty_ns", "door": "door_ns", "door_dir24": "dir24_ns", "kernel": "bpf_fib_lookup_ns", "fib": "minimal_ns",
             "dir24": "minimal_dir24_ns"}
    over = {row: values["over_empty_ns"] for row, values in last.items()}
    answer.update({name: last[row]["ns"] for row, name in names.items()})
    answer.update(over_dir24=round(over["door"] / max(over["door_dir24"], 1), 3), minimal_over_dir24=round(over["fib"] / max(over["dir24"], 1), 3),
                  bpf_fib_lookup_times=round(last["kernel"]["ns"] / last["door"]["ns"], 2))
    say(", ".join(f"{key} {value}" for key, value in answer.items() if not isinstance(value, dict)))
    if "--json" in words:
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
