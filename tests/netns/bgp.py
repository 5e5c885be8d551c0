#!/usr/bin/env python3
"""FRR beside Fairlead: bgp.py SOURCE_ROOT BUILD_ROOT [ROUTES]

A hundred thousand routes by BGP: learned, forwarded by the door, withdrawn; and a restart of either loses nothing that
the other keeps.
"""
import os
import random
import signal
import struct
import subprocess
import sys
import time

source, build, *rest = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from frames import Capture, Sender  # noqa: E402
from lab import Lab, end_ping  # noqa: E402
from observe import check, ip_counter, kill_all, roles, until  # noqa: E402
from packets import ipv4  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from routing import Bird, Frr, dotted, prefixes  # noqa: E402

ROUTES = int(rest[0]) if rest else 100000
SEED = 1
SAMPLES = 500
WITHIN = 120  # seconds, for all of them to be learned
CONFIGURATION = 'interface "lan0" { door = "tc" }  interface "wan0" { door = "tc" }'


class Net:
    def __init__(self, tap):
        self.announced = prefixes(ROUTES, SEED)
        self.random = random.Random(SEED)
        self.lab = Lab(os.path.join(source, "lab/bgp.lab"))
        self.lab.ip("provider", "route", "add", "local", "64.0.0.0/2", "dev", "lo")  # whoever is asked for is there
        self.router = start_unless_forbidden(tap, lambda: Router(self.lab, "edge", build, CONFIGURATION))
        self.own = self.prefixes()
        self.bird = Bird(self.lab, "provider", "10.0.2.2", "10.0.2.1", self.announced)
        self.frr = Frr(self.lab, "edge", "10.0.2.1", "10.0.2.2", "10.0.1.0/24")
        self.sender = Sender(self.lab, "left", "eth0")
        self.header = self.lab.mac("edge", "lan0") + self.lab.mac("left", "eth0") + b"\x08\x00"
        self.marks = 0

    def prefixes(self):
        return self.router.ask("show", "version")["prefixes"]

    def learned(self):
        return self.prefixes() - self.own

    def until_learned(self, count, what):
        """How long it took."""
        began = time.monotonic()
        until(lambda: self.learned() == count, f"{what}: {count} routes, of which there are {self.learned()}", WITHIN)
        return time.monotonic() - began

    def address_in(self, prefix):
        addr, length = prefix
        return dotted(addr + self.random.randrange(1 << (32 - length)))

    def arrived(self, addresses):
        """Which of these a datagram comes to; they are sent to the provider, whose own address is the mark behind them."""
        capture = Capture(self.lab, "provider", "eth0")  # not for longer: it would drown in what BGP has to say
        self.marks += 1
        mark, found = struct.pack("!8sI", b"the mark", self.marks), set()
        for address in addresses:
            self.sender.send(self.header + ipv4("10.0.1.10", address, b"a datagram"))
        self.sender.send(self.header + ipv4("10.0.1.10", "10.0.2.2", mark))
        while True:
            frame = capture.frame()
            if frame[34:46] == mark:
                capture.process.kill()
                capture.process.wait()
                return found
            if frame[34:44] == b"a datagram":
                found.add(".".join(map(str, frame[30:34])))

    def agrees(self, tap, when):
        said = self.router.fairlead("audit").stdout
        check(tap, f"an audit finds nothing {when}", "agree" in said, said)


class Ping:
    """A ping while something happens."""

    def __init__(self, net):
        self.address = net.address_in(net.announced[ROUTES // 4])
        self.process = net.lab.spawn("left", "ping", "-n", "-i", "0.005", "-W", "3", self.address, stdout=subprocess.PIPE)
        self.process.stdout.readline()
        self.process.stdout.readline()  # the first answer

    def lost(self):
        """(lost, sent)"""
        sent, back = end_ping(self.process)
        return sent - back, sent


def check_ping(tap, ping, name):
    lost, sent = ping.lost()
    check(tap, f"{name}: no packet is lost", lost == 0 and sent > 1, f"{lost} of {sent}")


def forwarded_by_the_door(tap, net, announced, what):
    sample = [net.address_in(prefix) for prefix in net.random.sample(announced, min(SAMPLES, len(announced)))]
    net.arrived([])  # the neighbour is known
    until(lambda: net.router.ask("route", sample[0])["cut_through"], "the way is known")
    by_kernel, cut = ip_counter(net.lab, "edge", "ForwDatagrams"), net.router.counters()["lan0"]["cut"]
    found = net.arrived(sample)
    check(tap, f"{what}: packets to {len(sample)} of them arrive", found == set(sample), len(found))
    now = net.router.counters()["lan0"]["cut"]
    check(tap, f"{what}: by the door alone", now - cut >= len(sample) + 1 and
          ip_counter(net.lab, "edge", "ForwDatagrams") == by_kernel, now - cut)


def learned_and_withdrawn(tap, net):
    seconds = net.until_learned(ROUTES, "learned")
    tap.note(f"{ROUTES} routes learned in {seconds:.1f} s")
    check(tap, f"{ROUTES} routes are learned", True)
    forwarded_by_the_door(tap, net, net.announced, "learned")
    net.agrees(tap, "once they are learned")
    kept, gone = net.announced[::2], net.announced[1::2]
    net.bird.announce(kept)
    seconds = net.until_learned(len(kept), "withdrawn")
    tap.note(f"{len(gone)} routes withdrawn in {seconds:.1f} s")
    forwarded_by_the_door(tap, net, kept, "the others withdrawn")
    covered = {(addr >> (32 - length), length) for addr, length in kept}
    sample = [net.address_in(prefix) for prefix in net.random.sample(gone, SAMPLES) if not any(
        (prefix[0] >> (32 - length), length) in covered for length in range(1, 33))]
    sample = [address for address in sample if net.router.ask("route", address)["prefix"] is None][:50]
    before = net.router.counters()["lan0"].get("kernel:no-route", 0)
    check(tap, "withdrawn: packets arrive no more", net.arrived(sample) == set() and len(sample) > 10, len(sample))
    now = net.router.counters()["lan0"].get("kernel:no-route", 0)
    check(tap, "withdrawn: the door knows no route", now - before == len(sample), now - before, len(sample))
    net.agrees(tap, "once half of them are withdrawn")
    net.bird.announce(net.announced)
    net.until_learned(ROUTES, "learned again")


def fairlead_restarts(tap, net):
    ping = Ping(net)
    (pid,) = roles(net.router.process.pid, "engine")
    os.kill(pid, signal.SIGKILL)
    until(lambda: (found := roles(net.router.process.pid, "engine")) and found != [pid] and net.learned() == ROUTES,
          "the next engine knows them", WITHIN)
    check_ping(tap, ping, "the engine is killed")
    ping = Ping(net)
    kill_all(net.router)
    net.router.start()
    check_ping(tap, ping, "Fairlead is killed and started again")
    check(tap, "Fairlead is killed: it has learned all of it from the kernel when it is ready", net.learned() == ROUTES,
          net.learned())
    check(tap, "Fairlead stops in order", net.router.stop() == 0, *net.router.log)
    sample = [net.address_in(prefix) for prefix in net.random.sample(net.announced, SAMPLES)]
    check(tap, "Fairlead is stopped: FRR's routes stay, and the kernel forwards", net.arrived(sample) == set(sample))
    net.router.start()
    check(tap, "and is started again: it has them all", net.learned() == ROUTES, net.learned())
    forwarded_by_the_door(tap, net, net.announced, "Fairlead restarted")
    net.agrees(tap, "once Fairlead was restarted")


def frr_restarts(tap, net):
    ping = Ping(net)
    net.frr.kill()
    forwarded_by_the_door(tap, net, net.announced, "FRR killed")
    net.frr.start()
    until(lambda: net.frr.learned() == ROUTES, "FRR has learned them again", WITHIN)
    check_ping(tap, ping, "FRR is killed and started again")
    check(tap, "FRR is killed: Fairlead has all of its routes", net.learned() == ROUTES, net.learned())
    forwarded_by_the_door(tap, net, net.announced, "FRR restarted")
    net.agrees(tap, "once FRR was restarted")


def main(tap):
    net = Net(tap)
    learned_and_withdrawn(tap, net)
    fairlead_restarts(tap, net)
    frr_restarts(tap, net)
    version = net.router.ask("show", "version")
    check(tap, "nothing has drifted", version["audit_drift"] == 0 and version["audits"] > 0, version)
    net.frr.stop()
    net.bird.stop()
    check(tap, "it stops in order", net.router.stop() == 0, *net.router.log)


run_in_lab(main)
