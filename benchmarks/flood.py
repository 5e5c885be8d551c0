#!/usr/bin/env python3
"""What a flood of DHCP costs others: flood.py SOURCE_ROOT BUILD_ROOT [--json] [--seconds N] [--rate N] [--rounds N] [--requests]

benchmarks/README.md says what is measured.
"""
import json
import os
import statistics
import sys
import tempfile

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, folder) for folder in ("benchmarks/common", "benchmarks/dhcp", "lab")]

from command import number, say  # noqa: E402
from lab import Lab, enter  # noqa: E402
from load import KNOWN_BASE, Load, import_known  # noqa: E402
from router import Router  # noqa: E402
from servers import memory_mb  # noqa: E402

KNOWN = 1000               # hosts that have leases
FLOOD_FIRST = 1000000      # the number of the first of the others, as the load counts them
STRANGE_BASE = "10.0.0.0"  # of the addresses that they want to renew, if they do
PORTS = """
interface "lan0" { %s }
interface "lan1" { }
interface "lan2" { }
"""
OPEN = PORTS % 'dhcp { pool = "10.1.0.0/16"  lease = 2h  conflict-check = false }'
CLOSED = PORTS % ""

SECONDS, RATE, ROUNDS = number(words, "--seconds", 30), number(words, "--rate", 100000), number(words, "--rounds", 3)
REQUESTS = "--requests" in words


class Round:
    """One daemon, under a flood, with traffic that it forwards beside it."""

    def __init__(self, lab, directory, configuration):
        self.lab, self.configuration = lab, configuration
        self.router = Router(lab, "server", build, configuration, state=os.path.join(directory, "state"))
        self.load = Load(lab, build, "clients", "server", self.cpu(1))
        self.directory = directory

    @staticmethod
    def cpu(which):
        """Traffic has a CPU of its own; what it shares it with is what is measured."""
        return ["taskset", "-c", str(which)] if os.cpu_count() > 1 else []

    def cut(self):
        return self.router.counters()["lan1"]["cut"]

    def run(self, flood):
        figures = {}
        if flood and "dhcp" in self.configuration:
            import_known(self.router, os.path.join(self.directory, "known.csv"), KNOWN)
            pid = self.router.roles_with("fairlead.db")[0]
            figures["memory_before_mb"] = round(memory_mb(pid), 1)
        flooding = self.load.start("--flood", *(["--renew-from", STRANGE_BASE] if REQUESTS else []), "--rate", str(RATE),
                                   "--count", str(RATE * SECONDS), "--first", str(FLOOD_FIRST)) if flood else None
        renewing = None
        if "memory_before_mb" in figures:
            renewing = self.load.start("--renew-from", KNOWN_BASE, "--first", "1", "--count", str(KNOWN), "--rate",
                                       str(max(1, KNOWN * 10 // (9 * SECONDS))))
        self.lab.on("left", "ping", "-c", "5", "-i", "0.2", "-W", "5", "198.51.100.2")
        before = self.cut()
        traffic = json.loads(self.lab.on("left", *self.cpu(0), os.path.join(build, "benchmarks/traffic"), "eth0",
                                         str(SECONDS), self.lab.mac("server", "lan1").hex(":"), "192.0.2.2", "198.51.100.2",
                                         timeout=SECONDS + 60).stdout)
        figures["forwarded_per_s"] = round((self.cut() - before) / traffic["seconds"])
        if flooding:
            flooded = json.loads(flooding.communicate(timeout=60)[0])
            figures["flood_per_s"] = round((flooded["started"] - flooded["unsent"]) / flooded["seconds"])
        if renewing:
            renewed = json.loads(renewing.communicate(timeout=60)[0])
            figures["renewed"] = renewed["acked"] / KNOWN
            figures["renew_p99_ms"] = renewed["p99_ms"]
            figures["memory_mb"] = round(memory_mb(pid), 1)
            counts = self.router.dhcp_counts()
            figures["counts"] = {name: count for name, count in counts.items() if count}
        self.router.stop()
        return figures


def main():
    enter()
    lab = Lab(os.path.join(source, "benchmarks/flood/flood.lab"))
    rounds = []
    for i in range(ROUNDS):
        one = {}
        for name, configuration, flood in (("quiet", CLOSED, False), ("closed", CLOSED, True), ("served", OPEN, True)):
            with tempfile.TemporaryDirectory(dir=build) as directory:
                one[name] = Round(lab, directory, configuration).run(flood)
            say(f"  round {i + 1}, {name}: {one[name]}")
        rounds.append(one)
    served = [one["served"] for one in rounds]
    summary = {
        "forwarding": statistics.median(one["served"]["forwarded_per_s"] / one["closed"]["forwarded_per_s"] for one in rounds),
        "renewed": min(one["renewed"] for one in served),
        "renew_p99_ms": statistics.median(one["renew_p99_ms"] for one in served),
        "memory_mb": max(one["memory_mb"] for one in served),
        "flood_per_s": min(one["flood_per_s"] for one in served),
        "rounds": rounds,
    }
    if "--json" in words:
        print(json.dumps(summary, indent=2))
        return
    print(f"flood of {summary['flood_per_s']} {'requests' if REQUESTS else 'new clients'} a second, {SECONDS} s, {ROUNDS} rounds:")
    print(f"  known clients that renewed     {100 * summary['renewed']:.2f} % (the worst round)")
    print(f"  99 of 100 within               {summary['renew_p99_ms']:.1f} ms")
    print(f"  forwarding, of a closed port's {summary['forwarding']:.3f}")
    print(f"  memory of the DHCP server      {summary['memory_mb']:.0f} MB")


main()
