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
sys.path[:0] = [os.path.join(source, "benchmarks/dhcp"), os.path.join(source, "lab")]

from lab import Lab, enter, run  # noqa: E402
from servers import LEASE_S, POOL_BITS, POOL_FIRST, SERVER, Dnsmasq, Fairlead, Kea  # noqa: E402

LOST_MAX = 0.001
TRIAL_S = 3
PROOF_S = 10
GIADDR = "10.0.0.2"
MILLION = 1000000
PEERS = {kind.name: kind for kind in (Fairlead, Kea, Dnsmasq)}


def say(text):
    print(text, file=sys.stderr, flush=True)


class Clients:
    """The load; each client comes once."""

    def __init__(self, lab):
        self.lab, self.first = lab, 1
        self.mac = {name: ":".join(f"{byte:02x}" for byte in lab.mac(node, name))
                    for node, name in (("clients", "eth0"), ("server", "lan0"))}

    def run(self, rate, seconds, relayed):
        count = max(1, int(rate * seconds))
        command = [os.path.join(build, "benchmarks/dhcp_load"), "--interface", "eth0", "--rate", str(rate), "--count",
                   str(count), "--first", str(self.first), "--server", SERVER, "--server-mac", self.mac["lan0"],
                   "--own-mac", self.mac["eth0"]]
        if relayed:
            command += ["--giaddr", GIADDR]
        result = json.loads(self.lab.on("clients", *command, timeout=seconds * 3 + 60).stdout)
        self.first += count
        result["lost"] = 1 - result["acked"] / count
        if self.first >= 1 << POOL_BITS:
            sys.exit("bench: the pool is exhausted; what was measured would not be rates")
        return result

    def holds(self, rate, seconds, relayed):
        result = self.run(rate, seconds, relayed)
        say(f"    {rate:7d}/s for {seconds:2d} s: lost {100 * result['lost']:.2f} %, p99 {result['p99_ms']:.1f} ms")
        return result["lost"] <= LOST_MAX

    def highest(self, relayed):
        """The highest rate at which at most LOST_MAX are lost."""
        self.run(100, 1, relayed)  # who is where is known from here on
        good, bad, rate = 0, None, 500
        while rate > 10 and (bad is None or bad - good > good * 0.05):
            if self.holds(rate, TRIAL_S, relayed):
                good = rate
            else:
                bad = rate
            rate = rate * 2 if bad is None else (good + bad) // 2
        while good and not self.holds(good, PROOF_S, relayed):
            good = good * 9 // 10
        return good


def perfdhcp(lab, rate):
    """How much is lost of what Kea's own load asks for, as a relay."""
    # Its exit status says whether anything was lost.
    text = lab.on("clients", "perfdhcp", "-4", "-l", "eth0", "-r", str(rate), "-R", "4000000", "-p", str(TRIAL_S), "-W",
                  "1000000", SERVER, check=False, timeout=120).stdout
    sent = [int(number) for number in re.findall(r"sent packets: (\d+)", text)]
    received = [int(number) for number in re.findall(r"received packets: (\d+)", text)]
    took = re.search(r"Rate: ([0-9.]+)", text)
    if len(sent) != 2 or not sent[0] or not took:
        sys.exit(f"bench: perfdhcp said something unexpected:\n{text}")
    return 1 - received[1] / sent[0], float(took[1])


def cross_check(lab):
    """The highest rate by perfdhcp, in steps of a half: what it says that it did, not what it was told to do."""
    best, rate = 0.0, 1000
    while True:
        lost, did = perfdhcp(lab, rate)
        say(f"    perfdhcp, {rate:6d}/s: {did:.0f}/s, lost {100 * lost:.2f} %")
        if lost > LOST_MAX or did < rate * 0.8:
            return round(max(best, did if lost <= LOST_MAX else 0))
        best, rate = did, rate * 3 // 2


def fill(state):
    """A million leases of others, written with SQL."""
    run("sqlite3", os.path.join(state, "fairlead.db"), f"""
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {MILLION - 1})
        INSERT INTO lease SELECT {POOL_FIRST} + i * {(1 << POOL_BITS) // MILLION} + 1, 0, 1, 1,
            CAST(printf('%06d', i) AS BLOB), 0, NULL, CAST('host-' || i AS BLOB), NULL, unixepoch(), unixepoch(),
            unixepoch() + {LEASE_S} FROM n""",
        timeout=300)


def start(kind, lab, state):
    began = time.monotonic()
    server = kind(lab, build, state)
    return server, round(time.monotonic() - began, 3)


def with_state(measure_one, *arguments):
    """Each in a directory of its own, on the disk that the build is on."""
    with tempfile.TemporaryDirectory(dir=build) as directory:
        state = os.path.join(directory, "state")
        os.mkdir(state)
        return measure_one(state, *arguments)


def measure(state, lab, kind, relayed):
    server, _ = start(kind, lab, state)
    clients = Clients(lab)
    say(f"  {server.name}, {'behind a relay' if relayed else 'on the link'}:")
    best = clients.highest(relayed)
    half = clients.run(max(1, best // 2), PROOF_S, relayed)
    figures = {"dora_per_s": best, "p50_ms": half["p50_ms"], "p99_ms": half["p99_ms"], "max_ms": half["max_ms"],
               "memory_mb": round(server.memory_mb(), 1)}
    server.stop()
    return figures


def measure_perfdhcp(state, lab, kind):
    server, _ = start(kind, lab, state)
    say(f"  {server.name}, by perfdhcp:")
    best = cross_check(lab)
    server.stop()
    return best


def measure_million(state, lab):
    figures = {}
    server, figures["start_empty_s"] = start(Fairlead, lab, state)
    say("  fairlead, without leases:")
    figures["dora_per_s_empty"] = Clients(lab).highest(False)
    server.stop()
    shutil.rmtree(state)
    os.mkdir(state)
    start(Fairlead, lab, state)[0].stop()
    fill(state)
    server, figures["start_s"] = start(Fairlead, lab, state)
    say(f"  fairlead, with a million leases (started in {figures['start_s']} s):")
    figures["memory_mb"] = round(server.memory_mb(), 1)
    figures["dora_per_s"] = Clients(lab).highest(False)
    server.stop()
    return figures


def main():
    enter()
    lab = Lab(os.path.join(source, "benchmarks/dhcp/bench.lab"))
    only = words[words.index("--only") + 1].split(",") if "--only" in words else [*PEERS, "million", "perfdhcp"]
    all_figures = {}
    for name in [name for name in PEERS if name in only]:
        kind = PEERS[name]
        all_figures[name] = {"direct": with_state(measure, lab, kind, False),
                             "relayed": with_state(measure, lab, kind, True)}
        if "perfdhcp" in only and name != "dnsmasq":
            all_figures[name]["perfdhcp_dora_per_s"] = with_state(measure_perfdhcp, lab, kind)
    summary = {f"{name}_dora_per_s": figures["direct"]["dora_per_s"] for name, figures in all_figures.items()}
    if "fairlead" in all_figures:
        summary["p50_ms"] = all_figures["fairlead"]["direct"]["p50_ms"]
        summary["p99_ms"] = all_figures["fairlead"]["direct"]["p99_ms"]
    if "million" in only:
        summary["million"] = with_state(measure_million, lab)
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
        million = summary["million"]
        print(f"A million leases: started in {million['start_s']} s (without: {million['start_empty_s']} s), "
              f"{million['memory_mb']} MB, {million['dora_per_s']}/s (without: {million['dora_per_s_empty']}/s)")


main()
