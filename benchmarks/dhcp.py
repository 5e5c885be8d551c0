#!/usr/bin/env python3
"""DHCP: how many clients a second get an address, and how long they wait: dhcp.py SOURCE_ROOT BUILD_ROOT [--json]

[--only NAME,...] of fairlead, kea, dnsmasq, million, perfdhcp. benchmarks/README.md says what is measured.
"""
import json
import os
import re
import shutil
import sys
import tempfile
import time

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, folder) for folder in ("benchmarks/common", "benchmarks/dhcp", "lab")]

from command import say  # noqa: E402
from lab import Lab, enter  # noqa: E402
from leases import fill  # noqa: E402
from load import Load  # noqa: E402
from servers import LEASE_S, POOL_FIRST, POOL_SIZE, SERVER, Dnsmasq, Fairlead, Kea  # noqa: E402

LOST_MAX = 0.001
TRIAL_S = 3
PROOF_S = 10
GIADDR = "10.0.0.2"
MILLION = 1000000
PEERS = {kind.name: kind for kind in (Fairlead, Kea, Dnsmasq)}


class Trials:
    """A server under load: for each trial one that was just started, with nothing but what its state begins with."""

    def __init__(self, lab, kind, relayed, prepare=os.mkdir):
        self.lab, self.kind, self.relayed, self.prepare = lab, kind, relayed, prepare
        self.clients = Load(lab, build, "clients", "server")

    def load(self, rate, seconds, first):
        count = max(1, int(rate * seconds))
        result = self.clients.run("--rate", str(rate), "--count", str(count), "--first", str(first),
                                  *(["--giaddr", GIADDR] if self.relayed else []), timeout=seconds * 3 + 60)
        result["lost"] = 1 - result["acked"] / count
        return result

    def run(self, rate, seconds):
        with tempfile.TemporaryDirectory(dir=build) as directory:
            state = os.path.join(directory, "state")
            self.prepare(state)
            began = time.monotonic()
            server = self.kind(self.lab, build, state)
            started_s = time.monotonic() - began
            self.load(100, 1, 1)  # who is where is known from here on
            result = self.load(rate, seconds, 1001)
            result["memory_mb"] = round(server.memory_mb(), 1)
            result["start_s"] = round(started_s, 3)
            server.stop()
        return result

    def holds(self, rate, seconds):
        result = self.run(rate, seconds)
        say(f"    {rate:7d}/s for {seconds:2d} s: lost {100 * result['lost']:.2f} %, p99 {result['p99_ms']:.1f} ms")
        return result["lost"] <= LOST_MAX

    def highest(self):
        """The highest rate at which at most LOST_MAX are lost."""
        good, bad, rate = 0, None, 500
        while rate > 10 and (bad is None or bad - good > good * 0.05):
            if self.holds(rate, TRIAL_S):
                good = rate
            else:
                bad = rate
            rate = rate * 2 if bad is None else (good + bad) // 2
        while good and not self.holds(good, PROOF_S):
            good = good * 19 // 20
        return good

    def measure(self):
        best = self.highest()
        half = self.run(max(1, best // 2), PROOF_S)
        return {"dora_per_s": best, **{key: half[key] for key in ("p50_ms", "p99_ms", "max_ms", "memory_mb", "start_s")}}


def perfdhcp(lab, rate):
    """How much is lost of what Kea's own load asks for, as a relay."""
    # Its exit status says whether anything was lost.
    text = lab.on("clients", "perfdhcp", "-4", "-l", "eth0", "-r", str(rate), "-R", "4000000", "-p", str(TRIAL_S), "-W",
                  "1000000", SERVER, check=False, timeout=120).stdout
    sent = [int(number) for number in re.findall(r"sent packets: (\d+)", text)]
    received = [int(number) for number in re.findall(r"received packets: (\d+)", text)]
    if len(sent) != 2 or not sent[0]:
        sys.exit(f"bench: perfdhcp said something unexpected:\n{text}")
    return 1 - received[1] / sent[0], sent[0] / TRIAL_S


def cross_check(lab):
    """The highest rate by perfdhcp, in steps of a half: what it says that it did, not what it was told to do."""
    best, rate = 0.0, 1000
    while True:
        lost, did = perfdhcp(lab, rate)
        say(f"    perfdhcp, {rate:6d}/s: {did:.0f}/s, lost {100 * lost:.2f} %")
        if lost > LOST_MAX or did < rate * 0.8:
            return round(max(best, did if lost <= LOST_MAX else 0))
        best, rate = did, rate * 3 // 2


def measure_million(lab):
    """With a million leases, and without, one after the other."""
    with tempfile.TemporaryDirectory(dir=build) as directory:
        template = os.path.join(directory, "million")
        os.mkdir(template)
        fill(source, template, POOL_FIRST + 1, POOL_SIZE // MILLION, MILLION, LEASE_S)
        figures = {}
        for name, prepare in (("without", os.mkdir), ("with", lambda state: shutil.copytree(template, state))):
            say(f"  fairlead, {name} a million leases:")
            figures[name] = Trials(lab, Fairlead, False, prepare).measure()
    return figures


def measure(lab, kind):
    figures = {}
    for way in ("direct", "relayed"):
        say(f"  {kind.name}, {'behind a relay' if way == 'relayed' else 'on the link'}:")
        figures[way] = Trials(lab, kind, way == "relayed").measure()
    return figures


def measure_perfdhcp(lab, kind):
    with tempfile.TemporaryDirectory(dir=build) as directory:
        server = kind(lab, build, directory)
        say(f"  {kind.name}, by perfdhcp:")
        best = cross_check(lab)
        server.stop()
    return best


def main():
    enter()
    lab = Lab(os.path.join(source, "benchmarks/dhcp/bench.lab"))
    only = words[words.index("--only") + 1].split(",") if "--only" in words else [*PEERS, "million", "perfdhcp"]
    all_figures = {}
    for name in [name for name in PEERS if name in only]:
        all_figures[name] = measure(lab, PEERS[name])
        if "perfdhcp" in only and name != "dnsmasq":
            all_figures[name]["perfdhcp_dora_per_s"] = measure_perfdhcp(lab, PEERS[name])
    summary = {f"{name}_dora_per_s": figures["direct"]["dora_per_s"] for name, figures in all_figures.items()}
    if "fairlead" in all_figures:
        summary["p50_ms"] = all_figures["fairlead"]["direct"]["p50_ms"]
        summary["p99_ms"] = all_figures["fairlead"]["direct"]["p99_ms"]
    if "million" in only:
        summary["million"] = measure_million(lab)
    summary["servers"] = all_figures
    if "--json" in words:
        print(json.dumps(summary, indent=2))
    else:
        show(summary)


def show(summary):
    rows = [("server", "clients", "four-way/s", "of Kea's", "p50 ms", "p99 ms", "memory MB")]
    for name, figures in summary["servers"].items():
        for way in ("direct", "relayed"):
            one = figures[way]
            kea = summary["servers"].get("kea", {}).get(way, {}).get("dora_per_s")
            rows.append((name, way, str(one["dora_per_s"]), f"{one['dora_per_s'] / kea:.2f}" if kea else "-",
                         f"{one['p50_ms']:.2f}", f"{one['p99_ms']:.2f}", str(one["memory_mb"])))
        if "perfdhcp_dora_per_s" in figures:
            rows.append((name, "perfdhcp", str(figures["perfdhcp_dora_per_s"]), "-", "-", "-", "-"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))))
    if "million" in summary:
        for name, one in summary["million"].items():
            print(f"{name} a million leases: started in {one['start_s']} s, {one['memory_mb']} MB, {one['dora_per_s']}/s")


main()
