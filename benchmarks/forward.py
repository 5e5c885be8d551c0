#!/usr/bin/env python3
"""How fast packets are forwarded: forward.py SOURCE_ROOT BUILD_ROOT [--json] [--table FILE] [--prefixes N] [--seed N] [--small N]
[--rounds N] [--sizes N,N...] [--rows NAME,NAME...]

benchmarks/README.md says what is measured.
"""
import json
import os
import random
import statistics
import subprocess
import sys
import time

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, folder) for folder in ("benchmarks/common", "benchmarks/fib", "lab")]

import tables  # noqa: E402
from command import number, say  # noqa: E402
from lab import Lab, LabError, enter  # noqa: E402
from router import Router  # noqa: E402

SEED, ROUNDS, PREFIXES = number(words, "--seed", 1), number(words, "--rounds", 3), number(words, "--prefixes", 900000)
SIZES = [int(size) for size in number(words, "--sizes", "64,1500").split(",")]
SMALL = number(words, "--small", 1000)
KEYS = 1 << 16
OWN = ("10.0.", "127.")  # where no packet is sent
GATEWAYS = [f"10.0.2.{20 + i}" for i in range(16)]
LOST_MAX, TRIAL_S, TRIES, CLOSE = 0.001, 1.0, 5, 1.03
SENDS_MIN = 0.5  # of the rate that it was asked for: the source cannot send more
HOPELESS = 0.03  # lost of a trial: no disturbance from without, and not tried again
FIRST, RATE_MIN = 100000, 1000
SENDER_CPU, ROUTER_CPU = "0", str(os.cpu_count() - 1)
TCP_S, TCP_PORT = 5, 5201
CONFIGURATION = 'interface "lan0" {{ door = "{0}" }}\ninterface "lan1" {{ door = "{0}" }}\n'


class Net:
    """left sends, on its CPU; middle forwards and right receives, on another one."""

    def __init__(self):
        self.lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
        self.program = [os.path.join(build, "benchmarks", name) for name in ("forward", "forward.bpf.o")]
        self.router_mac, self.sink = self.lab.mac("middle", "lan0"), None
        self.keys = b""

    def load(self, prefixes, draw):
        """Routes over neighbours that are all right, and the destinations that packets are sent to."""
        mac = self.lab.mac("right", "eth0").hex(":")
        lines = [f"neigh replace {gateway} lladdr {mac} dev lan1 nud permanent\n" for gateway in GATEWAYS]
        lines += [f"route replace {prefix} via {draw.choice(GATEWAYS)}\n" for prefix in prefixes]
        self.lab.on("middle", "ip", "-batch", "-", input="".join(lines), timeout=600)
        self.keys = "\n".join(address_in(draw, prefix) for prefix in draw.choices(prefixes, k=KEYS))

    def take_frames(self):
        """What XDP programs send: the router's link does with GRO, the sink's with a program."""
        self.lab.on("middle", "ethtool", "-K", "lan0", "gro", "on")
        self.sink = self.helper("right", "sink", "eth0")

    def helper(self, node, *arguments):
        process = self.lab.spawn(node, *self.program, *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if process.stdout.readline() != "ready\n":
            raise LabError(f"forward {arguments[0]} did not start")
        return process

    def received(self):
        self.sink.stdin.write("\n")
        self.sink.stdin.flush()
        return int(self.sink.stdout.readline().split()[0])

    def settled(self):
        """What has been received when nothing comes any more."""
        last, now = None, self.received()
        while now != last:
            time.sleep(0.02)
            last, now = now, self.received()
        return now

    def send(self, rate, size):
        """Packets a second that were sent, and the share of them that was lost."""
        before = self.settled()
        text = self.lab.on("left", "taskset", "-c", SENDER_CPU, *self.program, "source", "eth0", ROUTER_CPU, str(int(rate)), str(TRIAL_S), str(size),
                           self.router_mac.hex(":"), "10.0.1.10", input=self.keys).stdout
        sent, seconds = (float(word) for word in text.split())
        return sent / seconds, 1 - (self.settled() - before) / sent


def address_in(draw, prefix):
    addr, length = prefix.split("/")
    value = int.from_bytes(bytes(map(int, addr.split("."))), "big") | draw.randrange(1 << (32 - int(length)))
    return ".".join(map(str, value.to_bytes(4, "big")))


def holds(net, rate, size):
    """Packets a second, if no more than LOST_MAX was lost of them in one of TRIES; otherwise 0."""
    for _ in range(TRIES):
        did, lost = net.send(rate, size)
        if lost <= LOST_MAX:
            return did
        if lost > HOPELESS:
            break
    return 0


def highest(net, size):
    """The highest rate at which no more than LOST_MAX is lost: it is doubled until more is, and then halved in. What counts is
    what was sent, which is a little less than was asked for."""
    good, bad, best, rate = 0, None, 0, FIRST
    while bad is None or bad > good * CLOSE:
        did = holds(net, rate, size)
        if did:
            good, best = rate, max(best, did)
        else:
            bad = rate
        if rate < RATE_MIN or (did and did < SENDS_MIN * rate):
            break
        rate = rate * 2 if bad is None else (good + bad) / 2
    return best


class Kernel:
    def __init__(self, net):
        pass

    def stop(self):
        pass


class BpfFibLookup:
    def __init__(self, net):
        self.process = net.helper("middle", "router", "lan0", "lan1")

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Fairlead:
    def __init__(self, net, door="xdp"):
        self.router = Router(net.lab, "middle", build, CONFIGURATION.format(door), background=True)

    def stop(self):
        os.kill(self.router.pid, 15)
        while os.path.exists(f"{self.router.directory}/fairleadd.pid"):
            time.sleep(0.05)


ROWS = {"kernel": Kernel, "bpf_fib_lookup": BpfFibLookup, "fairlead": Fairlead, "fairlead_tc": lambda net: Fairlead(net, "tc")}


def tcp_gbps(net):
    server = net.lab.spawn("right", "iperf3", "-s", "-1", "--forceflush", "-p", str(TCP_PORT), stdout=subprocess.PIPE)
    for line in server.stdout:
        if "listening" in line:
            break
    text = net.lab.on("left", "iperf3", "-c", "10.0.2.10", "-p", str(TCP_PORT), "-t", str(TCP_S), "-J", timeout=60).stdout
    server.wait()
    result = json.loads(text)
    if "error" in result:
        raise SystemExit(f"bench: iperf3: {result['error']}")
    return result["end"]["sum_received"]["bits_per_second"] / 1e9


def measure_tcp(net):
    tcp = {"kernel": [], "fairlead": []}
    for kind, door in (("kernel", None), ("fairlead", "auto")) * ROUNDS:
        router = Fairlead(net, door) if door else Kernel(net)
        tcp[kind].append(tcp_gbps(net))
        router.stop()
        say(f"TCP, {kind}: {tcp[kind][-1]:.2f} Gbit/s")
    return {row: round(statistics.median(values), 2) for row, values in tcp.items()}


def measure(net, rows, sizes):
    """{size: {"ROW_mpps": the median, "rounds_mpps": {row: [of each round]}}}."""
    rates = {size: {row: [] for row in rows} for size in sizes}
    for i in range(ROUNDS):
        for row in rows:
            router = ROWS[row](net)
            for size in sizes:
                rates[size][row].append(round(highest(net, size) / 1e6, 4))
                say(f"  round {i + 1}, {size} bytes, {row}: {rates[size][row][-1]:.3f} Mpps")
            router.stop()
    return {str(size): {**{f"{row}_mpps": statistics.median(values) for row, values in of.items()}, "rounds_mpps": of}
            for size, of in rates.items()}


def main():
    enter()
    name, table = tables.from_words(words, SEED)
    rows = number(words, "--rows", ",".join(ROWS)).split(",")
    prefixes, draw = [prefix for prefix in table.decode().split() if not prefix.startswith(OWN)], random.Random(SEED)
    net = Net()
    answer = {"table": name, "seed": SEED, "rounds": ROUNDS, "lost_max": LOST_MAX, "tcp_gbps": measure_tcp(net)}
    net.take_frames()
    few = draw.sample(prefixes, min(SMALL, len(prefixes)))
    say(f"{len(few)} prefixes")
    net.load(few, draw)
    answer["small"] = {"prefixes": len(few), **measure(net, rows, SIZES[:1])}
    say(name)
    net.load(prefixes, draw)
    answer.update(measure(net, rows, SIZES))
    if "--json" in words:
        print(json.dumps(answer))
        return
    print(f"Millions of packets a second with at most {100 * LOST_MAX:g} % loss, median of {ROUNDS}:")
    for what, of in [(f"{len(few)} prefixes", answer["small"]), (name, answer)]:
        for size in (size for size in SIZES if str(size) in of):
            print(f"  {size} bytes, {what}: " + ", ".join(f"{row} {of[str(size)][row + '_mpps']:.3f}" for row in rows))
    print("TCP: " + ", ".join(f"{row} {value} Gbit/s" for row, value in answer["tcp_gbps"].items()))


main()
