#!/usr/bin/env python3
"""How many packets pass a shaped port: lift.py SOURCE_ROOT BUILD_ROOT [--json] [--seconds N] [--rounds N] [--only PART-OF-A-NAME]

benchmarks/README.md says what is measured.
"""
import json
import os
import statistics
import sys
import time

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, folder) for folder in ("benchmarks/common", "lab")]

from command import number, say  # noqa: E402
from lab import LabError, enter  # noqa: E402
from pairs import Pairs  # noqa: E402

SECONDS, ROUNDS = number(words, "--seconds", 5), number(words, "--rounds", 3)
CONFIGURATION = "".join(f'interface "in{i}" {{ door = "tc" }}\n' for i in (1, 2, 3)) + """
interface "out1" { door = "tc"  %s }
interface "out2" { door = "tc" }
interface "out3" { door = "tc" }
"""
# What the port has, and what the kernel has at it; a rate that is never reached.
ROWS = {
    "cut through": ("", None),
    "fairlead drop-tail": ('rate = "100Gbit"  queue "drop-tail" { limit = "1000p" }', None),
    "fairlead fq-codel": ('rate = "100Gbit"  queue = "fq-codel"', None),
    "tbf pfifo": ("", ["pfifo", "limit", "1000"]),
    "tbf fq_codel": ("", ["fq_codel"]),
}
FIRST_CPU = ["taskset", "-c", "0"] if os.cpu_count() > 1 else []


def wanted(name):
    return "--only" not in words or words[words.index("--only") + 1] in name


def use_kernel(net, child):
    net.lab.on("middle", "tc", "qdisc", "add", "dev", "out1", "root", "handle", "1:", "tbf", "rate", "30gbit", "burst", "10mb",
               "limit", "10mb")
    net.lab.on("middle", "tc", "qdisc", "replace", "dev", "out1", "parent", "1:1", "handle", "10:", *child)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(net):
    engine = net.engine()
    sender = net.send("1", SECONDS + 1.5, prefix=FIRST_CPU)
    time.sleep(1)
    before, used, begin = net.sent()["1"], cpu_seconds(engine), time.monotonic()
    time.sleep(SECONDS)
    after, used_after, end = net.sent()["1"], cpu_seconds(engine), time.monotonic()
    offered = json.loads(sender.communicate(timeout=60)[0])
    return {"mpps": round((after - before) / (end - begin) / 1e6, 4), "offered_mpps": round(offered["sent"] / offered["seconds"] / 1e6, 4),
            "engine_cpu": round((used_after - used) / (end - begin), 3)}


def main():
    enter()
    net = Pairs(source, build, CONFIGURATION % "")
    rounds = {name: [] for name in ROWS if wanted(name)}
    for i in range(ROUNDS):
        for name in list(rounds):
            configuration, child = ROWS[name]
            net.router.configure(CONFIGURATION % configuration)
            net.router.fairlead("reload")
            try:
                if child:
                    use_kernel(net, child)
                one = measure(net)
                if configuration:
                    queue = net.queues()["out1"]
                    one.update(dropped=queue["dropped"], missed=queue["missed"], stalls=queue["stalls"], lost=queue["frames"]["lost"])
                rounds[name].append(one)
                say(f"  round {i + 1}, {name}: {one}")
            except LabError as error:
                say(f"{name}: this kernel has none ({str(error).splitlines()[0]})")
                del rounds[name]
            net.lab.on("middle", "tc", "qdisc", "del", "dev", "out1", "root", check=False)
    net.router.stop()
    answer = {"seconds": SECONDS, "rows": {name: {"mpps": statistics.median(one["mpps"] for one in all_of), "rounds": all_of}
                                           for name, all_of in rounds.items()}}
    if "--json" in words:
        print(json.dumps(answer, indent=2))
        return
    print(f"60-byte packets as fast as one CPU sends them, {SECONDS} s, the median of {ROUNDS} rounds:")
    for name, row in answer["rows"].items():
        print(f"  {name:20} {row['mpps']:7.3f} million a second, {statistics.median(one['engine_cpu'] for one in row['rounds']):.2f} CPUs of the engine")


main()
