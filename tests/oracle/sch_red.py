#!/usr/bin/env python3
"""What Linux's sch_red does with an open load, as lines for vectors/red-open-load.txt: sch_red.py

Needs root, a kernel that has red and tbf, python3 and iproute2; works in a network namespace of its own. The load and the
line are described in README.md. The backlog is looked at ten times a second, while the load comes in real time.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

LENGTH = 1000            # bytes, with 14 of Ethernet, 20 of IP, 8 of UDP
SERVICE_NS = 4000000     # in which one leaves: 2 Mbit/s
WARM_UP, PACKETS = 1000, 12000
LOADS = 1050, 1100, 1150, 1300  # thousandths of what the line carries


class Draw:
    """tests/draw.h"""

    def __init__(self):
        self.state = 1

    def __call__(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.state >> 32


def do(command):
    return subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout


LOOK = "tc -s -j qdisc show dev red0"


def red(text):
    """The qdisc's own figures."""
    return next(qdisc for qdisc in json.loads(text) if qdisc["kind"] == "red")


def ewma():
    """tc finds the weight by itself; in text it says which."""
    words = do("tc -s -d qdisc show dev red0").split()
    return int(words[words.index("ewma") + 1])


def measure(load):
    do("tc qdisc replace dev red0 root handle 1: tbf rate 2mbit burst 2000 limit 10000000")
    do(f"tc qdisc add dev red0 parent 1:1 handle 2: red limit 1000000 min {20 * LENGTH} max {60 * LENGTH} avpkt {LENGTH} "
       "burst 70 bandwidth 2mbit probability 0.1")
    sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 10000000)
    payload, draw, mean_ns = bytes(LENGTH - 42), Draw(), SERVICE_NS * 1000 // load
    due = time.monotonic_ns()
    with tempfile.TemporaryFile("w+") as seen:
        looking = None  # a process of its own: whoever sends is not kept from it
        for number in range(PACKETS):
            if number == WARM_UP:
                looking = subprocess.Popen(["sh", "-c", f"while {LOOK}; do sleep 0.1; done"], stdout=seen)
            while (now := time.monotonic_ns()) < due:
                time.sleep((due - now) / 1e9)
            sending.sendto(payload, ("10.9.9.2", 9))
            due += draw() % (2 * mean_ns)
        looking.terminate()
        looking.wait()
        seen.seek(0)
        looks = [red(line) for line in seen.read().splitlines() if line.startswith("[") and line.endswith("]")]
    first, last = looks[0], looks[-1]
    lost = (last["drops"] - first["drops"]) / (last["packets"] + last["drops"] - first["packets"] - first["drops"])
    print(f"sch_red 0 {ewma()} {load} {PACKETS} | {lost:.4f} {sum(look['backlog'] for look in looks) / len(looks) / LENGTH:.2f}",
          flush=True)
    print(f"{len(looks)} looks, {(time.monotonic_ns() - due) / 1e9:.3f} s late at the end", file=sys.stderr, flush=True)
    do("tc qdisc del dev red0 root")


def main():
    if "--inside" not in sys.argv:
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv, "--inside"])
    do("ip link add name red0 type veth peer name red1")
    do("ip addr add 10.9.9.1/24 dev red0")
    do("ip link set red0 up")
    do("ip link set red1 up")
    do("ip neigh replace 10.9.9.2 lladdr 02:00:00:00:00:02 dev red0")
    for load in LOADS:
        measure(load)


main()
