#!/usr/bin/env python3
"""Contracts on a port that is flooded, with real sockets: guarantees.py SOURCE_ROOT BUILD_ROOT [--json] [--seconds N] [--only PART-OF-A-NAME]

benchmarks/README.md says what is measured.
"""
import json
import os
import subprocess
import sys
import time

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, folder) for folder in ("benchmarks/common", "lab")]

from command import number, say  # noqa: E402
from lab import Lab, enter  # noqa: E402
from router import Router  # noqa: E402

SECONDS = number(words, "--seconds", 20)
RATE, AROUND = 50, 38  # Mbit/s; bytes around an IP packet on Ethernet
FAR, FLOWS = "10.0.2.10", 4
UDP_FRAME = 1214
UDP_PPS = int(40e6 / 8 / (UDP_FRAME + 24))  # 40 Mbit/s, and TCP takes the rest
# name: DSCP, its name, UDP port, bytes of a packet, Mbit/s of the contract, burst, delay in ms
STREAMS = {"voice": (46, "ef", 7001, 200, 2, 2000, 5), "video": (34, "af41", 7002, 1200, 10, 15000, 20)}
USED = 0.95  # of a contract's rate is what its stream sends
PORTS = """
interface "lan0" {{ address = "10.0.1.1/24"  door = "tc" }}
interface "lan1" {{ address = "10.0.2.1/24"  door = "tc"  {shape} }}
{rest}
"""
CONTRACTS = "".join(f'contract "{name}" {{ out = "lan1"  match = "dscp {dscp}"  rate = "{mbit}Mbit"  burst = "{burst}B"  '
                    f'packet = "{size}B"  delay = "{delay}ms" }}\n' for name, (_, dscp, _, size, mbit, burst, delay) in STREAMS.items())
PRIORITIES = ('queue "drop-tail" { limit = "100ms" }  class "voice" { dscp = "ef"  priority = 0  queue = "drop-tail" }  '
              'class "video" { dscp = "af41"  priority = 1  queue = "drop-tail" }')
FIFO = 'queue "drop-tail" { limit = "100ms" }'
SHAPED = f'rate = "{RATE}Mbit"  '


def htb(lab, rates):
    """Classes by DSCP below the port's rate: (its own rate, how much it may have, priority)."""
    def tc(*arguments):
        lab.on("middle", "tc", *arguments)
    size = ["overhead", "24", "quantum", "1514"]
    tc("qdisc", "add", "dev", "lan1", "root", "handle", "1:", "htb", "default", "30")
    tc("class", "add", "dev", "lan1", "parent", "1:", "classid", "1:1", "htb", "rate", f"{RATE}mbit", "ceil", f"{RATE}mbit", *size)
    for number_of, (rate, priority) in rates.items():
        tc("class", "add", "dev", "lan1", "parent", "1:1", "classid", f"1:{number_of}", "htb", "rate", rate, "ceil", f"{RATE}mbit",
           "prio", str(priority), *size)
        tc("qdisc", "add", "dev", "lan1", "parent", f"1:{number_of}", "pfifo", "limit", str(int(RATE * 1e6 / 8 / 10 / 1514)))
    for number_of, (dscp, *_) in zip((10, 20), STREAMS.values()):
        tc("filter", "add", "dev", "lan1", "parent", "1:", "protocol", "ip", "prio", "1", "u32", "match", "ip", "tos",
           hex(dscp << 2), "0xfc", "flowid", f"1:{number_of}")


KERNEL = {"kernel htb": {10: ("2mbit", 0), 20: ("10mbit", 1), 30: ("38mbit", 2)},
          "kernel strict priority": {10: ("8kbit", 0), 20: ("8kbit", 1), 30: ("8kbit", 2)}}
OURS = {"fairlead contracts": (SHAPED + FIFO, CONTRACTS), "fairlead strict priority": (SHAPED + PRIORITIES, ""),
        "fairlead one queue": (SHAPED + FIFO, "")}


def probe(number_of):
    """A new one begins with empty figures."""
    return f'probe "voice{number_of}" {{ to = "{FAR}"  dscp = "ef"  interval = "20ms" }}\n'


class Net:
    def __init__(self):
        self.lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
        self.router = Router(self.lab, "middle", build, PORTS.format(shape="", rest=probe(0)))
        self.reflector = Router(self.lab, "right", build,
                                f'interface "eth0" {{ address = "{FAR}/24"  reflector {{ from = ["10.0.2.1"] }} }}\n')
        self.server = self.lab.spawn("right", "iperf3", "-s", "--forceflush", stdout=subprocess.DEVNULL)
        for line in self.lab.spawn("right", "sh", "-c", "while ! ss -ltn | grep -q :5201; do sleep 0.05; done; echo there",
                                   stdout=subprocess.PIPE).stdout:
            if line == "there\n":
                break
        self.lab.on("left", "ping", "-c", "2", "-i", "0.2", FAR)

    def sent(self):
        stats = json.loads(self.lab.ip("middle", "-j", "-s", "link", "show", "dev", "lan1").stdout)[0]["stats64"]["tx"]
        return (stats["bytes"] + 24 * stats["packets"]) * 8, time.monotonic()

    def measure(self):
        """Both streams beside the flood."""
        mac = self.lab.mac("middle", "lan0").hex(":")
        flood = [self.lab.spawn("left", "iperf3", "-c", FAR, "-P", str(FLOWS), "-t", str(SECONDS + 4), stdout=subprocess.DEVNULL),
                 self.lab.spawn("left", os.path.join(build, "benchmarks/traffic"), "eth0", str(SECONDS + 4), mac, "10.0.1.10", FAR,
                                str(UDP_PPS), str(UDP_FRAME), stdout=subprocess.DEVNULL)]
        time.sleep(2)
        before = self.sent()
        streams = {}
        for name, (dscp, _, port, size, mbit, *_) in STREAMS.items():
            pps = USED * mbit * 1e6 / 8 / (size + AROUND)
            streams[name] = subprocess.Popen([os.path.join(build, "benchmarks/stream"), "left", "right", FAR, str(port), str(dscp),
                                              f"{pps:.1f}", str(size), str(SECONDS)], stdout=subprocess.PIPE, text=True)
        row = {name: json.loads(stream.communicate(timeout=SECONDS + 30)[0]) for name, stream in streams.items()}
        after = self.sent()
        row["used"] = round((after[0] - before[0]) / (after[1] - before[1]) / RATE / 1e6, 4)
        for one in flood:
            one.wait(timeout=60)
        for name, (*_, delay) in STREAMS.items():
            row[name]["promised_us"] = delay * 1000
            row[name]["within"] = row[name].get("max_us", 1e9) <= delay * 1000
        return row


def tell(name, row):
    say(f"{name:26} {row['used']:6.1%} used; " + "; ".join(
        f"{which} p50 {row[which].get('p50_us', 0) / 1000:.2f} p99.9 {row[which].get('p999_us', 0) / 1000:.2f} max "
        f"{row[which].get('max_us', 0) / 1000:.2f} ms, lost {row[which]['lost']} of {row[which]['sent']}" for which in STREAMS))


def wanted(name):
    return "--only" not in words or words[words.index("--only") + 1] in name


def main():
    enter()
    net = Net()
    rows = {}
    for name, rates in KERNEL.items():
        if wanted(name):
            htb(net.lab, rates)
            rows[name] = net.measure()
            net.lab.on("middle", "tc", "qdisc", "del", "dev", "lan1", "root")
            tell(name, rows[name])
    for i, (name, (shape, contracts)) in enumerate(OURS.items(), 1):
        if not wanted(name):
            continue
        net.router.configure(PORTS.format(shape=shape, rest=probe(i) + contracts))
        net.router.fairlead("reload")
        row = rows[name] = net.measure()
        queues = net.router.ask("show", "queues")["queues"][0]
        row["looks"], row["missed"], row["lost_frames"] = queues["looks"], queues["missed"], queues["frames"]["lost"]
        for one in net.router.ask("show", "contracts")["contracts"]:
            row[one["name"]]["contract"] = {key: one[key] for key in ("came", "late", "late_stalled", "delay")}
        row["probe"] = net.router.ask("show", "probes")["probes"][0]
        tell(name, row)
        if contracts:
            say(f"{'':26} probes with the voice's DSCP: there p99 + {row['probe']['there_variation']['p99_us'] / 1000:.2f} ms, "
                f"at most + {row['probe']['there_variation']['max_us'] / 1000:.2f} ms")
            say(f"{'':26} {row['looks']['platform_stalls']} looks of {row['looks']['count']} came too late, the latest after "
                f"{row['looks']['late_max_us'] / 1000:.2f} ms; " + "; ".join(
                    f"{which}: worst {row[which]['contract']['delay']['max_us'] / 1000:.2f} ms, late {row[which]['contract']['late']}, "
                    f"with a stall {row[which]['contract']['late_stalled']}" for which in STREAMS))
    net.router.stop()
    net.reflector.stop()
    if "--json" in words:
        print(json.dumps({"rate_mbit": RATE, "seconds": SECONDS, "rows": rows}))
        return
    print(f"Voice of 2 Mbit/s within 5 ms and video of 10 Mbit/s within 20 ms, on {RATE} Mbit/s flooded by {FLOWS} TCP flows and UDP:")
    print(f"{'':26}{'used':>8}" + "".join(f"{which + ' p50':>12}{'p99.9':>10}{'max':>10}{'lost':>7}" for which in STREAMS))
    for name, row in rows.items():
        print(f"{name:26}{row['used']:8.1%}" + "".join(
            f"{row[which].get('p50_us', 0) / 1000:9.2f} ms{row[which].get('p999_us', 0) / 1000:7.2f} ms{row[which].get('max_us', 0) / 1000:7.2f} ms"
            f"{row[which]['lost']:7}" for which in STREAMS))


main()
