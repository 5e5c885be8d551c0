#!/usr/bin/env python3
"""The address plan: plan.py SOURCE_ROOT BUILD_ROOT [--json] [--nodes N] [--seed N] [--seconds N] [--clients N] [--batch N] [--rounds N]
[--leases N]

benchmarks/README.md says what is measured.
"""
import json
import os
import re
import shutil
import sys
import time

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, folder) for folder in ("benchmarks/common", "benchmarks/dhcp", "lab")]

from command import facts_and_rows, number, quartiles, say  # noqa: E402
from lab import Lab, enter  # noqa: E402
from leases import fill  # noqa: E402
from router import Router  # noqa: E402

CONFIGURATION = 'interface "lan0" { address = "10.0.1.1/24" }\n'
LEASED = """interface "lan0" { address = "192.0.2.1/24"  dhcp { } }
route "10.0.0.0/8" { via = "192.0.2.2" }
dhcp { subnet "172.16.0.0/12" { pool = "172.16.0.1-172.31.255.254" } }
"""
PLANNED_TOO = (("192.0.2.0/24",), ("192.0.2.1",), ("172.16.0.0/12",), ("172.16.0.1-172.31.255.254",))
STATE = os.path.join(build, "plan-state")  # on a disk: /run is memory


def facts_of(program, *arguments, seconds=300):
    facts, _ = facts_and_rows([os.path.join(build, "benchmarks", f"plan_{program}"), *map(str, arguments)], b"", seconds)
    return facts


def median(values):
    return quartiles(values)[1]


def in_memory(nodes, seed, rounds):
    answer = {}
    for _ in range(rounds):
        for name, values in facts_of("memory", nodes, seed).items():
            answer.setdefault(name, []).extend(values)
    return {name: median(values) for name, values in answer.items()}


def durable(lab, clients, seconds, batch, rounds):
    """Allocations a second of clients of a daemon that has the whole plan, and the time of the slowest request."""
    router = Router(lab, "middle", build, CONFIGURATION, state=STATE)
    try:
        found = [facts_of("clients", router.socket, clients, seconds, batch) for _ in range(rounds)]
        single = facts_of("clients", router.socket, clients, seconds, 1)
        alone = facts_of("clients", router.socket, 1, seconds, 1)
    finally:
        router.stop()
    return {"durable_allocate_per_s": median([one["allocate_per_s"][0] for one in found]),
            "durable_quartiles": quartiles([one["allocate_per_s"][0] for one in found]),
            "durable_slowest_ms": max(one["slowest_ms"][0] for one in found),
            "durable_one_by_one_per_s": single["allocate_per_s"][0], "durable_alone_per_s": alone["allocate_per_s"][0]}


def check(lab, leases, rounds):
    """How long it takes to hold the whole plan against what is in use: leases of the hosts behind a relay, and a route to the
    plan's subnets."""
    fill(source, STATE, 0xac100001, 1, leases, 86400)
    router = Router(lab, "middle", build, LEASED, state=STATE)
    times = []
    try:
        for words_of in PLANNED_TOO:
            router.fairlead("plan", "add", *words_of)
        for _ in range(rounds):
            began = time.monotonic()
            said = router.fairlead("plan", "check", check=False).stdout.splitlines()
            times.append(time.monotonic() - began)
    finally:
        router.stop()
        os.unlink(f"{STATE}/fairlead.db")
    found, nodes, uses = re.fullmatch(r"(\d+) disagreements?: (\d+) nodes of the plan, (\d+) uses of addresses", said[-1]).groups()
    return {"check_s": median(times), "check_nodes": int(nodes), "check_uses": int(uses), "check_found": int(found)}


def flush_ms():
    """What the disk takes for a write that has to be there."""
    path, times = f"{STATE}/flush", []
    file = os.open(path, os.O_CREAT | os.O_WRONLY)
    for number_of in range(100):
        began = time.monotonic()
        os.pwrite(file, b"x" * 8192, number_of * 8192)
        os.fdatasync(file)
        times.append((time.monotonic() - began) * 1000)
    os.close(file)
    os.unlink(path)
    return median(times)


def main():
    nodes, seed, rounds = number(words, "--nodes", 1000000), number(words, "--seed", 1), number(words, "--rounds", 3)
    clients, seconds, batch = number(words, "--clients", 8), number(words, "--seconds", 5), number(words, "--batch", 64)
    leases = number(words, "--leases", 1000000)
    answer = {"nodes": nodes, "seed": seed, "clients": clients, "batch": batch, **in_memory(nodes, seed, rounds)}
    enter()
    lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
    shutil.rmtree(STATE, ignore_errors=True)
    os.makedirs(STATE)
    try:
        answer["flush_ms"] = flush_ms()
        stored = facts_of("stored", f"{STATE}/plan.db", nodes, seed)
        answer["load_s"] = median(stored["load_s"])
        answer["file_bytes_per_node"] = round(stored["file_bytes"][0] / nodes, 1)
        answer.update(check(lab, leases, rounds))
        answer.update(durable(lab, clients, seconds, batch, rounds))
    finally:
        shutil.rmtree(STATE)
    for name, value in answer.items():
        say(f"{name:28} {value}")
    if "--json" in words:
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
