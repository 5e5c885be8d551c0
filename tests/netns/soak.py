#!/usr/bin/env python3
"""Shaped ports, for long: soak.py SOURCE_ROOT BUILD_ROOT [SECONDS [SEED]]

Frames of every kind, whole and broken, and a flood go through two shaped ports, which come, go, and change, without end.
No frame's memory is lost, no descriptor stays, and nothing ends that should not.
"""
import errno
import os
import random
import socket
import sys
import threading
import time

source, build, *more = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab, LabError  # noqa: E402
from observe import check, children, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

SECONDS = int(more[0]) if more else 20
SEED = int(more[1]) if len(more) > 1 else 1
CORPUS = os.path.join(source, "tests/fuzz/corpus/frame")
RIGHT, LEFT = "10.0.2.10", "10.0.1.10"
# While a port is down or gone, or takes no frames of that size; what comes for it meanwhile is lost.
PASSING = (errno.ENETDOWN, errno.ENXIO, errno.ENODEV, errno.ENOBUFS, errno.EMSGSIZE, errno.EINVAL, errno.ENETUNREACH,
           errno.EHOSTUNREACH, errno.EPERM)
SHAPES = ['queue = "drop-tail"', 'queue "drop-tail" { limit = "20p" }', 'queue "red" { min = "5p"  max = "15p" }',
          'queue = "red"', 'queue = "codel"', 'queue "fq-codel" { flows = 16  limit = "100p" }', 'queue = "dualpi2"']
RATES = ["100kbit", "1Mbit", "20Mbit", "200Mbit", "1Gbit"]


def broken(draw, frames):
    """A frame, and often something wrong with it."""
    frame = bytearray(draw.choice(frames))
    for _ in range(draw.randrange(4)):
        if frame:
            frame[draw.randrange(min(len(frame), 60))] = draw.randrange(256)
    if draw.random() < 0.3:
        del frame[draw.randrange(len(frame) + 1):]
    if draw.random() < 0.3:
        frame += draw.randbytes(draw.randrange(1500))
    return bytes(frame[:1514])


class Traffic:
    """Threads that send until they are told to end."""

    def __init__(self):
        self.ended, self.threads, self.counts, self.faults = threading.Event(), [], {}, []

    def add(self, name, send):
        self.counts[name] = 0
        self.threads.append(threading.Thread(target=self.run, args=(name, send)))
        self.threads[-1].start()

    def run(self, name, send):
        while not self.ended.is_set():
            try:
                send()
                self.counts[name] += 1
            except OSError as error:
                if error.errno not in PASSING:
                    self.faults.append(f"{name}: {error}")
                    return
                time.sleep(0.01)
            if self.counts[name] % 32 == 0:
                time.sleep(0.002)

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def raw_socket(node, interface):
    """It follows the name, not the interface, which may be another one by then."""
    raw = Lab.inside(node, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    return lambda frame: raw.sendto(frame, (interface, 0))


def start_traffic(draw, frames):
    traffic = Traffic()
    for node, interface in (("middle", "lan0"), ("middle", "lan1"), ("left", "eth0"), ("right", "eth0")):
        send, own = raw_socket(node, interface), random.Random(draw.random())
        traffic.add(f"{node}:{interface}", lambda send=send, own=own: send(broken(own, frames)))
    for node, address in (("left", RIGHT), ("right", LEFT)):
        flood = Lab.inside(node, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        flood.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 1)
        traffic.add(f"flood to {address}", lambda flood=flood, address=address: flood.sendto(bytes(1000), (address, 9)))
    return traffic


class Changes:
    def __init__(self, lab, router, draw):
        self.lab, self.router, self.draw = lab, router, draw
        self.shapes = {"lan0": "", "lan1": ""}
        self.counts, self.slowest = {}, (0, "")

    def configuration(self, doors="tc"):
        return "".join(f'interface "{port}" {{ address = "10.0.{1 + i}.1/24"  door = "{doors}"  {shape} }}\n'
                       for i, (port, shape) in enumerate(self.shapes.items()))

    def shaped(self):
        return {one["port"]: one for one in self.router.ask("show", "queues")["queues"]}

    def draw_shape(self):
        return f'rate = "{self.draw.choice(RATES)}"  {self.draw.choice(SHAPES)}'

    def reload(self):
        self.shapes[self.draw.choice(["lan0", "lan1"])] = self.draw_shape() if self.draw.random() < 0.85 else ""
        self.router.configure(self.configuration())
        self.router.fairlead("reload")

    def switch(self):
        port = self.draw.choice(["lan0", "lan1"])
        self.lab.ip("middle", "link", "set", port, "down")
        time.sleep(self.draw.uniform(0, 0.05))
        self.lab.ip("middle", "link", "set", port, "up")

    def resize(self):
        self.lab.ip("middle", "link", "set", "lan1", "mtu", str(self.draw.choice([576, 1400, 1500, 3400, 3450])))

    def cut_the_cable(self):
        self.lab.ip("right", "link", "set", "eth0", "down")
        time.sleep(self.draw.uniform(0, 0.05))
        self.lab.ip("right", "link", "set", "eth0", "up")
        self.lab.ip("right", "route", "replace", "default", "via", "10.0.2.1")

    def replace(self):
        self.lab.ip("middle", "link", "del", "lan1")
        self.lab.ip("middle", "link", "add", "lan1", "type", "veth", "peer", "name", "eth0", "netns", "right")
        self.lab.ip("right", "addr", "add", f"{RIGHT}/24", "dev", "eth0")
        self.lab.ip("right", "link", "set", "eth0", "up")
        self.lab.ip("right", "route", "add", "default", "via", "10.0.2.1")

    def one(self):
        """Its name."""
        change = self.draw.choices([self.reload, self.switch, self.resize, self.cut_the_cable, self.replace], [4, 3, 2, 2, 2])[0]
        begin = time.monotonic()
        change()
        self.slowest = max(self.slowest, (time.monotonic() - begin, change.__name__))
        self.counts[change.__name__] = self.counts.get(change.__name__, 0) + 1
        return change.__name__


def settle(lab, changes):
    """Both ports shaped as at the beginning, and nothing in their queues."""
    changes.shapes = {"lan0": 'rate = "200Mbit"', "lan1": 'rate = "200Mbit"'}
    changes.router.configure(changes.configuration())
    changes.router.fairlead("reload")
    lab.ip("middle", "link", "set", "lan1", "mtu", "1500")
    until(lambda: sorted(changes.shaped()) == ["lan0", "lan1"] and
          all(one["state"] == "shaped" and one["waiting"]["packets"] == 0 for one in changes.shaped().values()),
          "both ports are shaped, and nothing waits")
    until(lambda: lab.on("left", "ping", "-c", "1", "-W", "1", RIGHT, check=False).returncode == 0, "packets pass")


def holdings(pid):
    """What the engine has: descriptors, threads, maps of memory of devices and files."""
    maps = open(f"/proc/{pid}/maps", encoding="ascii").read()
    return {"descriptors": len(os.listdir(f"/proc/{pid}/fd")), "threads": len(os.listdir(f"/proc/{pid}/task")),
            "rings": maps.count("socket:"), "bpf": maps.count("bpf-map")}


def all_cases(tap):
    draw = random.Random(SEED)
    frames = []
    for name in sorted(os.listdir(CORPUS)):
        with open(os.path.join(CORPUS, name), "rb") as file:
            frames.append(file.read())
    lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
    changes = Changes(lab, None, draw)
    router = start_unless_forbidden(tap, lambda: Router(lab, "middle", build, changes.configuration()))
    changes.router = router
    settle(lab, changes)
    engine, roles = router.ask("show", "version")["engine_pid"], sorted(children(router.process.pid))
    before = holdings(engine)
    traffic = start_traffic(draw, frames)
    end, lost, lifted = time.monotonic() + SECONDS, [], 0
    try:
        while time.monotonic() < end and not lost:
            what = changes.one()
            time.sleep(draw.choice([0, 0.01, 0.1, 0.5]))
            for port, one in changes.shaped().items():
                lifted = max(lifted, one["lifted"])
                if one["frames"]["lost"]:
                    lost.append(f"{port} after {what}: {one}")
    finally:
        traffic.end()
    tap.note(f"seed {SEED}, {SECONDS} s: changes {changes.counts}, the slowest {changes.slowest}; sent {traffic.counts}")
    check(tap, "no frame's memory is lost", not lost, *lost)
    check(tap, "all of it could be sent", not traffic.faults and min(traffic.counts.values()) > 100, traffic.faults, traffic.counts)
    check(tap, "it has waited", lifted > 1000, lifted)
    settle(lab, changes)
    check(tap, "in the end neither", not any(one["frames"]["lost"] for one in changes.shaped().values()), changes.shaped())
    check(tap, "no process has ended", sorted(children(router.process.pid)) == roles, roles, children(router.process.pid), router.log)
    try:
        until(lambda: holdings(engine) == before, "the engine has what it had")
    except LabError as error:
        tap.note(str(error))
    check(tap, "the engine has what it had", holdings(engine) == before, before, holdings(engine))
    check(tap, "it stops cleanly, and leaks nothing that a sanitizer would see", router.stop() == 0, "\n".join(router.log[-40:]))


run_in_lab(all_cases)
