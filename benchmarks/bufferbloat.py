#!/usr/bin/env python3
"""What a bulk transfer makes others wait: bufferbloat.py SOURCE_ROOT BUILD_ROOT [--json] [--rate N] [--rtt N] [--flows N] [--seconds N]
       [--only PART-OF-A-NAME]

benchmarks/README.md says what is measured.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import time

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, folder) for folder in ("benchmarks/common", "lab")]

from command import number, say  # noqa: E402
from lab import Lab, LabError, enter  # noqa: E402
from router import Router  # noqa: E402

RATE, RTT, FLOWS = number(words, "--rate", 20), number(words, "--rtt", 40.0), number(words, "--flows", 4)  # Mbit/s, ms
SECONDS, BEFORE = number(words, "--seconds", 20), 6  # measured, after so many that are not
FAR = "10.0.2.10"
AROUND = 24  # bytes around a frame on Ethernet, which all of them count
CONFIGURATION = """
interface "lan0" { door = "tc" }
interface "wan0" { address = "10.0.2.1/24"  door = "tc"  %s }
"""
SHAPES = {
    "fairlead drop-tail 1 s": 'queue "drop-tail" { limit = "1s" }',
    "fairlead drop-tail auto": 'queue "drop-tail" { limit = "auto" }',
    "fairlead red": 'queue = "red"',
    "fairlead red 10 to 30 ms": 'queue "red" { min = "10ms"  max = "30ms" }',
    "fairlead codel": 'queue = "codel"',
    "fairlead fq-codel": 'queue = "fq-codel"',
    "fairlead dualpi2": 'queue = "dualpi2"',
}
LONG = int(RATE * 1e6 / 8)  # bytes: a second of buffer
PEERS = {
    "tbf pfifo 1 s": ["pfifo", "limit", str(LONG // 1538)],
    "tbf fq_codel": ["fq_codel"],
}


def wanted(name):
    return "--only" not in words or words[words.index("--only") + 1] in name


def rate_of(before, after):
    """Of what a driver sent, with what is around it, in Mbit/s."""
    frame_bytes, packets, seconds = (now - then for now, then in zip(after, before))
    return (frame_bytes + AROUND * packets) * 8 / seconds / 1e6


class Line:
    """The lab with a line of half the round-trip time each way."""

    def __init__(self):
        self.lab = Lab(os.path.join(source, "benchmarks/bufferbloat/bufferbloat.lab"))
        self.delay = subprocess.Popen([os.path.join(build, "benchmarks/delay"), "middle", "wan0", "far", "eth0", str(RTT / 2)],
                                      stdout=subprocess.PIPE, text=True)
        if self.delay.stdout.readline() != "ready\n":
            raise SystemExit("the line could not be made")
        for node, interface, address in (("middle", "wan0", "10.0.2.1/24"), ("far", "eth0", f"{FAR}/24")):
            self.lab.ip(node, "addr", "add", address, "dev", interface)
            self.lab.ip(node, "link", "set", interface, "up")
        self.lab.ip("far", "route", "add", "default", "via", "10.0.2.1")
        self.server = self.lab.spawn("far", "iperf3", "-s", "--forceflush", stdout=subprocess.DEVNULL)
        for line in self.lab.spawn("far", "sh", "-c", "while ! ss -ltn | grep -q :5201; do sleep 0.05; done; echo there",
                                   stdout=subprocess.PIPE).stdout:
            if line == "there\n":
                break

    def sent(self):
        stats = json.loads(self.lab.ip("middle", "-j", "-s", "link", "show", "dev", "wan0").stdout)[0]["stats64"]["tx"]
        return stats["bytes"], stats["packets"], time.monotonic()

    def pings(self, count, interval=0.05):
        text = self.lab.on("near", "ping", "-n", "-i", str(interval), "-c", str(count), "-W", "5", FAR, check=False,
                           timeout=count * interval + 30).stdout
        return [float(ms) for ms in re.findall(r"time=([0-9.]+)", text)]

    def measure(self, control):
        """A ping beside bulk transfers."""
        idle = statistics.median(self.pings(20))
        transfer = self.lab.spawn("near", "iperf3", "-c", FAR, "-P", str(FLOWS), "-t", str(SECONDS + BEFORE + 4), "-O",
                                  str(BEFORE), "-C", control, "-J", stdout=subprocess.PIPE)
        self.pings(BEFORE * 20)
        before = self.sent()
        times = self.pings(SECONDS * 20)
        after = self.sent()
        result = json.loads(transfer.communicate(timeout=60)[0])
        if "error" in result:
            raise SystemExit(f"iperf3: {result['error']}")
        flows = [stream["receiver"]["bytes"] for stream in result["end"]["streams"]]
        added = sorted(time_ms - idle for time_ms in times)
        return {"utilisation": round(rate_of(before, after) / RATE, 4), "goodput_mbit": round(result["end"]["sum_received"]["bits_per_second"] / 1e6, 2),
                "added_ms": round(statistics.median(added), 2), "added_p95_ms": round(added[int(len(added) * 0.95)], 2),
                "idle_ms": round(idle, 2), "pings": len(added),
                "jain": round(sum(flows) ** 2 / (len(flows) * sum(flow * flow for flow in flows)), 4),
                "retransmits": result["end"]["sum_sent"]["retransmits"]}


def with_fairlead(line, rows, control):
    router = Router(line.lab, "middle", build, CONFIGURATION % f'rate = "{RATE}Mbit"')
    for name, queue in SHAPES.items():
        if not wanted(name):
            continue
        router.configure(CONFIGURATION % f'rate = "{RATE}Mbit"  {queue}')
        router.fairlead("reload")
        row = line.measure(control)
        queue = router.ask("show", "queues")["queues"][0]
        row["queue_p50_ms"], row["queue_p99_ms"] = (queue["delay"][key] / 1000 for key in ("p50_us", "p99_us"))
        if queue["limit"]["auto"]:
            row["limit_ms"], row["measured_rtt_ms"] = (round(queue["limit"][key] / 1000, 2) for key in ("us", "rtt_us"))
            row["measured_flows"], row["guard"] = queue["limit"]["flows"], queue["limit"]["guard"]
        row["lost_frames"], row["passed_by"], row["stalls"] = queue["frames"]["lost"], queue["passed_by"], queue["stalls"]
        add(rows, name, row)
    router.stop()


def with_kernel(line, rows, control):
    """tbf at the same rate, with what comes around a frame counted too, and a burst of a millisecond."""
    burst = max(int(RATE * 1e6 / 8 / 1000), 1600)
    for name, child in PEERS.items():
        if not wanted(name):
            continue
        line.lab.on("middle", "tc", "qdisc", "add", "dev", "wan0", "root", "handle", "1:", "tbf", "rate", f"{RATE}mbit", "burst",
                    str(burst), "limit", str(LONG), "overhead", str(AROUND))
        try:
            line.lab.on("middle", "tc", "qdisc", "replace", "dev", "wan0", "parent", "1:1", "handle", "10:", *child)
            add(rows, name, line.measure(control))
        except LabError as error:
            say(f"{name}: this kernel has none ({str(error).splitlines()[0]})")
        line.lab.on("middle", "tc", "qdisc", "del", "dev", "wan0", "root")


def add(rows, name, row):
    rows[name] = row
    say(f"{name:24} {row['utilisation']:7.1%} of the rate, ping + {row['added_ms']:7.2f} ms, Jain {row['jain']:.3f}")


def main():
    enter()
    line = Line()
    with open("/proc/sys/net/ipv4/tcp_available_congestion_control", encoding="ascii") as file:
        available = file.read().split()
    answer = {"rate_mbit": RATE, "rtt_ms": RTT, "flows": FLOWS, "seconds": SECONDS, "rows": {}}
    for control in ("cubic", "dctcp"):
        if control not in available:
            say(f"{control}: this kernel has none")
            continue
        if control == "dctcp":
            for node in ("near", "far"):
                line.lab.on(node, "sysctl", "-qw", "net.ipv4.tcp_ecn=1")
        rows = answer["rows"] if control == "cubic" else answer.setdefault("rows_" + control, {})
        with_kernel(line, rows, control)
        with_fairlead(line, rows, control)
    line.delay.kill()
    if "--json" in words:
        print(json.dumps(answer))
        return
    print(f"{FLOWS} TCP flows and a ping through {RATE} Mbit/s, {RTT:g} ms:")
    print(f"{'':26}{'used':>8}{'ping +':>10}{'95 of 100':>11}{'Jain':>8}{'sent again':>12}")
    for key, control in (("rows", "cubic"), ("rows_dctcp", "dctcp")):
        for name, row in answer.get(key, {}).items():
            print(f"{name + (' (dctcp)' if control == 'dctcp' else ''):26}{row['utilisation']:8.1%}{row['added_ms']:7.1f} ms"
                  f"{row['added_p95_ms']:8.1f} ms{row['jain']:8.3f}{row['retransmits']:12}")


main()
