#!/usr/bin/env python3
"""How many packets a scheduler passes: queue.py SOURCE_ROOT BUILD_ROOT [--json] [--rounds N] [--seconds N]

benchmarks/README.md says what is measured.
"""
import json
import os
import statistics
import subprocess
import sys

source, build, *words = sys.argv[1:]
sys.path.insert(0, os.path.join(source, "benchmarks/common"))

from command import number, say  # noqa: E402

ROUNDS, SECONDS = number(words, "--rounds", 5), number(words, "--seconds", 0.7)
REPEATS = 3  # of a program in a round, the first of which warms up
SIZES = {"1k": 1024, "64k": 65536}
OURS, PEER = "fairlead", "rte_sched"

# Program, packets at once, groups (our classes in turn; the peer's subports). The best of each counts.
SETTINGS = [(OURS, 32, 1), (OURS, 64, 1), (OURS, 64, 8), (PEER, 32, 1), (PEER, 64, 1), (PEER, 32, 8), (PEER, 64, 8)]


def measure(program, queues, batch, groups):
    """Packets a second that left, in millions."""
    command = [os.path.join(build, "benchmarks/queue_" + program), *map(str, (queues, batch, groups, SECONDS, REPEATS))]
    result = subprocess.run(["taskset", "-c", str(os.cpu_count() - 1), *command], capture_output=True, text=True,
                            timeout=120, check=False)
    if result.returncode:
        raise SystemExit(f"{' '.join(command)}: {result.stderr}")
    return statistics.median(float(line.split()[0]) for line in result.stdout.splitlines()[1:])


def round_of(queues):
    """Each setting once: {(program, batch, groups): Mpps}."""
    return {(program, batch, groups): measure(program, queues, batch, groups) for program, batch, groups in SETTINGS}


def best(figures, program):
    return max(mpps for (whose, *_), mpps in figures.items() if whose == program)


def main():
    answer = {"seconds": SECONDS, "rounds": ROUNDS, "settings": {}}
    for name, queues in SIZES.items():
        rounds = []
        for i in range(ROUNDS):
            rounds.append(round_of(queues))
            say(f"{name} round {i + 1}: " + ", ".join(f"{program} {batch}/{groups} {mpps:.1f}"
                                                      for (program, batch, groups), mpps in rounds[-1].items()))
        answer[f"queues_{name}_mpps"] = round(statistics.median(best(figures, OURS) for figures in rounds), 2)
        answer[f"rte_sched_{name}_mpps"] = round(statistics.median(best(figures, PEER) for figures in rounds), 2)
        answer[f"ratio_{name}"] = round(statistics.median(best(figures, OURS) / best(figures, PEER) for figures in rounds), 2)
        answer["settings"][name] = {f"{program} batch {batch} groups {groups}":
                                    round(statistics.median(figures[program, batch, groups] for figures in rounds), 2)
                                    for program, batch, groups in SETTINGS}
    if "--json" in words:
        print(json.dumps(answer))
        return
    for name in SIZES:
        print(f"{name} queues: {answer[f'queues_{name}_mpps']} Mpps, rte_sched {answer[f'rte_sched_{name}_mpps']}: "
              f"{answer[f'ratio_{name}']} times (median of ratios)")
        for setting, mpps in answer["settings"][name].items():
            print(f"    {setting:32} {mpps:6.2f} Mpps")


main()
