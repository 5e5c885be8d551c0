#!/usr/bin/env python3
"""Contracts: contract.py SOURCE_ROOT BUILD_ROOT [--proof [--sets N] [--packets N] [--seed N]] [--json] [--rounds N]

How many packets the scheduler passes with many contracts, and what an answer costs to somebody who asks for one; with
--proof whether contracts are kept. benchmarks/README.md says what is measured and tried.
"""
import json
import os
import statistics
import subprocess
import sys

source, build, *words = sys.argv[1:]
sys.path.insert(0, os.path.join(source, "benchmarks/common"))

from command import facts_and_rows, number, say  # noqa: E402

SEED, SETS, PACKETS = number(words, "--seed", 1), number(words, "--sets", 1000), number(words, "--packets", 100_000_000)
ROUNDS, SECONDS = number(words, "--rounds", 5), number(words, "--seconds", 0.7)
REPEATS = 3  # of a program in a round, the first of which warms up
SIZES = {"1k": 1024, "64k": 65536, "1m": 1048576}
PEER_SIZES = ("1k", "64k")  # the queues of a million pipes would take 8 GB
BATCHES = (32, 64)  # the better one counts
SUBPORTS = (1, 8)  # of the peer, too
ASKED = 10000  # contracts on the port, when somebody asks for one


def proof():
    """In virtual time: every packet of every contract in time, or the program ends with the seed of the one that was not."""
    command = [os.path.join(build, "benchmarks/contract_proof"), *map(str, (SEED, SETS, PACKETS))]
    facts, _ = facts_and_rows(command, b"", 3600)
    return {"seed": SEED} | {name: values[0] if "worst" in name else int(values[0]) for name, values in facts.items()}


def passes(program, *arguments, **environment):
    """Packets a second that left, in millions."""
    command = ["taskset", "-c", str(os.cpu_count() - 1), os.path.join(build, "benchmarks", program), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env={**os.environ, **environment})
    if result.returncode:
        raise SystemExit(f"{' '.join(command)}: {result.stderr}")
    return statistics.median(float(line.split()[0]) for line in result.stdout.splitlines()[1:])


def speed():
    answer = {"seconds": SECONDS, "rounds": ROUNDS}
    for name, count in SIZES.items():
        ours, peer = [], []
        for i in range(ROUNDS):
            ours.append(max(passes("contract_speed", count, batch, 1, SECONDS, REPEATS) for batch in BATCHES))
            if name in PEER_SIZES:
                peer.append(max(passes("queue_rte_sched", count, batch, subports, SECONDS, REPEATS, PIPES="1")
                                for batch in BATCHES for subports in SUBPORTS))
            say(f"{name} round {i + 1}: {ours[-1]:.1f}" + (f", rte_sched {peer[-1]:.1f}" if peer else ""))
        answer[f"contracts_{name}_mpps"] = round(statistics.median(ours), 2)
        if peer:
            answer[f"rte_sched_{name}_pipes_mpps"] = round(statistics.median(peer), 2)
            answer[f"ratio_{name}"] = round(statistics.median(a / b for a, b in zip(ours, peer)), 2)
    return answer


def admission():
    """What an answer takes, with the offer where it is a refusal."""
    command = ["taskset", "-c", str(os.cpu_count() - 1), os.path.join(build, "benchmarks/contract_admission"), str(ASKED)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    rows = {name: [float(word) for word in rest] for name, *rest in map(str.split, result.stdout.splitlines())}
    return {"admission_us_10k": rows["refused"][1], "admission_p99_us_10k": rows["refused"][2],
            "admission_max_us_10k": rows["refused"][3], "admitted_us_10k": rows["admitted"][1], "admission_load": rows["load"][0]}


def main():
    answer = {"proof": proof()} if "--proof" in words else speed() | admission()
    if "--json" in words:
        print(json.dumps(answer))
    elif "--proof" in words:
        for name, value in answer["proof"].items():
            print(f"{name.replace('_', ' '):24} {value:>16,}")
    else:
        for name in SIZES:
            peer = answer.get(f"rte_sched_{name}_pipes_mpps")
            print(f"{name:>4} contracts: {answer[f'contracts_{name}_mpps']:6.2f} Mpps" +
                  (f"; rte_sched with as many pipes {peer} ({answer[f'ratio_{name}']} times, median of ratios)" if peer else ""))
        print(f"with {ASKED} contracts on a port, {answer['admission_load']:.0%} of it: a refusal with its offer takes "
              f"{answer['admission_us_10k']} us (99 %: {answer['admission_p99_us_10k']}, worst {answer['admission_max_us_10k']}), "
              f"an admission {answer['admitted_us_10k']} us")


main()
