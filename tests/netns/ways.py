#!/usr/bin/env python3
"""Several ways to one place: ways.py SOURCE_ROOT BUILD_ROOT DOOR

Multipath routes and groups of nexthop objects: flows are spread over the ways, a way that is lost moves only its own
flows, and routes that are replaced a thousand times a second lose no packet.
"""
import os
import re
import signal
import struct
import subprocess
import sys
import time

source, build, door = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from frames import Capture, Sender  # noqa: E402
from lab import Lab, end_ping  # noqa: E402
from observe import check, ip_counter, roles, until  # noqa: E402
from packets import checksum, ipv4  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

WAYS = 4
FLOWS = 400
REPLACEMENTS = 4002
FAR = "200.23.16.9"  # an address behind the gateways, which forward nothing
NEAR = "10.0.99.1"  # one that every gateway has itself
CONFIGURATION = "\n".join(f'interface "{name}" {{ door = "{door}" }}'
                          for name in ("lan0", *(f"wan{way}" for way in range(WAYS))))


def gateway(way):
    return f"10.0.{11 + way}.10"


def describe():
    lines = ["host left", "router near", "link left:eth0=10.0.1.10/24 near:lan0=10.0.1.1/24",
             "route left default via 10.0.1.1"]
    for way in range(WAYS):
        lines += [f"host g{way}", f"link g{way}:eth0={gateway(way)}/24 near:wan{way}=10.0.{11 + way}.1/24",
                  f"route g{way} default via 10.0.{11 + way}.1"]
    path = "/run/ways.lab"
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(lines))
    return path


def multipath(*ways, weights=None):
    return [word for way in ways for word in ("nexthop", "via", gateway(way),
                                              *(("weight", str(weights[way])) if weights else ()))]


class Net:
    def __init__(self):
        self.lab = Lab(describe())
        self.lab.let_hosts_poll(os.path.join(build, "lab/poll.bpf.o"))
        self.router = None
        for way in range(WAYS):
            self.lab.ip(f"g{way}", "addr", "add", f"{NEAR}/32", "dev", "lo")
            self.lab.on("near", "sysctl", "-qw", f"net.ipv4.neigh.wan{way}.retrans_time_ms=100")
        self.ways_are(*range(WAYS))
        self.sender = Sender(self.lab, "left", "eth0")
        self.captures = [Capture(self.lab, f"g{way}", "eth0") for way in range(WAYS)]
        self.header = self.lab.mac("near", "lan0") + self.lab.mac("left", "eth0") + b"\x08\x00"
        self.marks = 0

    def near(self, *arguments):
        return self.lab.ip("near", *arguments)

    def ways_are(self, *ways, weights=None):
        for prefix in (f"{FAR}/24", f"{NEAR}/32"):
            self.near("route", "replace", re.sub(r"\.\d+/24", ".0/24", prefix), *multipath(*ways, weights=weights))

    def shares(self, address=FAR):
        """The share that each way has, of those that are there, as the router says."""
        answer = self.router.ask("route", address)
        shares = {way["next_hop"]: way["share"] for way in answer.get("ways", ())}
        return [shares.get(gateway(way)) for way in range(WAYS)]

    def until_shares(self, *wanted):
        """Wait until these ways have shares, and no others."""
        until(lambda: [way for way in range(WAYS) if self.shares()[way]] == list(wanted), f"flows follow {wanted}")

    def send(self, packet):
        self.sender.send(self.header + packet)

    def arrived(self, way):
        """The packets to FAR that have come to a gateway since the last call."""
        self.marks += 1
        mark, packets = struct.pack("!8sI", b"the mark", self.marks), []
        self.send(ipv4("10.0.1.10", gateway(way), mark))
        while True:
            frame = self.captures[way].frame()
            if frame[34:46] == mark:
                return packets
            if frame[12:14] == b"\x08\x00" and frame[30:34] == bytes(map(int, FAR.split("."))):
                packets.append(frame[14:])

    def ways_of_flows(self, ways=range(WAYS)):
        """For each flow the way that it follows; only ways that are there can be asked."""
        for flow in range(FLOWS):
            self.send(ipv4("10.0.1.10", FAR, struct.pack("!HHHH", 1024 + flow, 53, 20, 0) + b"datagram....", 17))
        found = {}
        for way in ways:
            for packet in self.arrived(way):
                flow = struct.unpack("!H", packet[20:22])[0] - 1024
                found.setdefault(flow, []).append(way)
        return found

    def by_kernel(self):
        return ip_counter(self.lab, "near", "ForwDatagrams")


def moved(before, after):
    return {flow for flow in range(FLOWS) if before.get(flow) != after.get(flow)}


def of_way(flows, way):
    return {flow for flow, ways in flows.items() if ways == [way]}


def flows_are_spread(tap, net):
    net.until_shares(*range(WAYS))
    before = net.by_kernel()
    first = net.ways_of_flows()
    check(tap, "every flow arrives once", sorted(first) == list(range(FLOWS)) and
          all(len(ways) == 1 for ways in first.values()), first)
    shares = [len(of_way(first, way)) for way in range(WAYS)]
    check(tap, "each way has its part of the flows", all(60 <= share <= 140 for share in shares), shares)
    check(tap, "the door has forwarded all of them", net.by_kernel() == before, net.by_kernel() - before)
    check(tap, "flows stay where they are", net.ways_of_flows() == first)
    check(tap, "what the router says of the ways is all of them", abs(sum(net.shares()) - 1) < 1e-9, net.shares())
    said = net.router.fairlead("route", FAR).stdout
    check(tap, "and so it tells people", len(re.findall(r"way +10\.0\.1\d\.10 at wan\d, weight 1: ", said)) == WAYS, said)
    fragments = [struct.pack("!HHHH", 4000 + at, 53, 28, 0) + b"........" for at in range(32)]
    for at, payload in enumerate(fragments):
        packet = bytearray(ipv4("10.0.1.10", FAR, payload, 17))
        packet[6:8] = struct.pack("!H", 0x2000 | at)
        packet[10:12] = b"\0\0"
        packet[10:12] = struct.pack("!H", checksum(bytes(packet[:20])))
        net.send(bytes(packet))
    counts = [len(net.arrived(way)) for way in range(WAYS)]
    check(tap, "fragments stay together", sorted(counts) == [0] * (WAYS - 1) + [len(fragments)], counts)
    return first


def a_way_is_lost(tap, net, first):
    others = [0, 1, 3]
    for name, lose, find in (
            ("its link is down", ["-n", "g2", "link", "set", "eth0", "down"], ["-n", "g2", "link", "set", "eth0", "up"]),
            ("it is switched off", ["-n", "near", "link", "set", "wan2", "down"],
             ["-n", "near", "link", "set", "wan2", "up"]),
            ("its neighbour is unknown", ["-n", "near", "neigh", "del", gateway(2), "dev", "wan2"], None)):
        if find is None:
            net.lab.ip("g2", "link", "set", "eth0", "arp", "off")
        subprocess.run(["ip", *lose], check=True, timeout=60)
        net.until_shares(*others)
        now = net.ways_of_flows(others)
        check(tap, f"{name}: only its flows move", moved(first, now) == of_way(first, 2) and
              all(len(ways) == 1 for ways in now.values()), sorted(moved(first, now) ^ of_way(first, 2)), now)
        if find is None:
            net.lab.ip("g2", "link", "set", "eth0", "arp", "on")
        else:
            subprocess.run(["ip", *find], check=True, timeout=60)
            if "g2" in find:  # what it knew of the way back is gone
                net.lab.ip("g2", "route", "replace", "default", "via", "10.0.13.1")
            else:
                net.ways_are(*range(WAYS))
        net.until_shares(*range(WAYS))
        check(tap, f"{name}: afterwards all is as before", net.ways_of_flows() == first)


def groups_of_objects(tap, net, first):
    for way in range(WAYS):
        net.near("nexthop", "add", "id", str(101 + way), "via", gateway(way), "dev", f"wan{way}")
    net.near("nexthop", "add", "id", "200", "group", "/".join(str(101 + way) for way in range(WAYS)))
    net.near("route", "replace", "200.23.16.0/24", "nhid", "200")
    until(lambda: net.router.ask("route", FAR).get("nexthop_object") == 200, "the group is followed")
    net.until_shares(*range(WAYS))
    check(tap, "a group of the same ways moves no flow", net.ways_of_flows() == first)
    net.near("nexthop", "replace", "id", "200", "group", "101/102/104")
    net.until_shares(0, 1, 3)
    now = net.ways_of_flows()
    check(tap, "a member that is taken out of the group moves only its flows", moved(first, now) == of_way(first, 2), now)
    net.near("nexthop", "del", "id", "104")
    net.until_shares(0, 1)
    now, before = net.ways_of_flows(), now
    check(tap, "so does one that is deleted", moved(before, now) == of_way(before, 3), now)
    net.near("nexthop", "replace", "id", "200", "group", "101,3/102,1")
    until(lambda: net.shares()[0] > 0.7, "weights are followed")
    check(tap, "weights", 0.7 < net.shares()[0] < 0.8, net.shares())
    net.lab.ip("g1", "link", "set", "eth0", "down")  # whereupon the kernel forgets that object, and tells nobody
    net.until_shares(0)
    net.lab.ip("g1", "link", "set", "eth0", "up")
    net.lab.ip("g1", "route", "replace", "default", "via", "10.0.12.1")
    until(lambda: (net.shares()[1] is not None) == ("102" in net.near("nexthop", "show", "id", "200").stdout),
          "the group is what the kernel has")
    said = net.router.fairlead("audit").stdout
    check(tap, "an audit finds nothing", "agree" in said, said)
    net.ways_are(*range(WAYS))
    net.near("nexthop", "flush")
    net.until_shares(*range(WAYS))
    check(tap, "and back", net.ways_of_flows() == first)


def engines_come_and_go(tap, net, first):
    (pid,) = roles(net.router.process.pid, "engine")
    os.kill(pid, signal.SIGKILL)
    until(lambda: (found := roles(net.router.process.pid, "engine")) and found != [pid], "the next one")
    net.until_shares(*range(WAYS))
    check(tap, "another engine moves no flow", net.ways_of_flows() == first)


def what_only_the_kernel_understands(tap, net):
    net.near("route", "replace", "200.23.16.0/24", *multipath(0), "nexthop", "dev", "wan1")
    until(lambda: net.router.ask("route", FAR)["reason"] == "multipath", "the kernel's")
    before = net.by_kernel()
    for port in range(20):
        net.send(ipv4("10.0.1.10", FAR, struct.pack("!HHHH", port, 53, 8, 0), 17))
    net.arrived(0)
    check(tap, "a way without a gateway is the kernel's", net.by_kernel() > before, net.by_kernel(), before)
    check(tap, "and the door says so", net.router.counters()["lan0"].get("kernel:multipath") == 20,
          net.router.counters()["lan0"])
    net.ways_are(*range(WAYS))
    net.until_shares(*range(WAYS))


def replaced_under_traffic(tap, net):
    """A thousand times a second: by one gateway and another, by several, by a group of objects."""
    for way in range(WAYS):
        net.near("nexthop", "add", "id", str(101 + way), "via", gateway(way), "dev", f"wan{way}")
    net.near("nexthop", "add", "id", "200", "group", "101/103")
    variants = [["via", gateway(0)], multipath(0, 1, 2), ["nhid", "102"], ["nhid", "200"], multipath(3, 2),
                ["via", gateway(3)]]
    net.lab.on("left", "ping", "-n", "-c", "3", "-i", "0.01", NEAR)
    before = net.by_kernel()
    ping = net.lab.spawn("left", "ping", "-n", "-i", "0.002", "-W", "3", NEAR, stdout=subprocess.PIPE)
    batch = net.lab.spawn("near", "ip", "-batch", "-", stdin=subprocess.PIPE)
    ping.stdout.readline()
    begun = time.monotonic()
    for at in range(REPLACEMENTS):
        batch.stdin.write(" ".join(["route", "replace", f"{NEAR}/32", *variants[at % len(variants)]]) + "\n")
        batch.stdin.flush()
        if at % 10 == 0:
            time.sleep(max(0, begun + at / 1000 - time.monotonic()))
    batch.stdin.close()
    failed = batch.wait(60)
    seconds = time.monotonic() - begun
    sent, back = end_ping(ping)
    tap.note(f"{REPLACEMENTS / seconds:.0f} a second, {sent} packets, {net.by_kernel() - before} by the kernel")
    check(tap, "routes are replaced under traffic and no packet is lost", not failed and sent == back and sent > 100,
          failed, sent, back)
    check(tap, "none is left to the kernel", net.by_kernel() == before, net.by_kernel() - before)
    wanted = variants[(REPLACEMENTS - 1) % len(variants)][1]
    until(lambda: net.router.ask("route", NEAR)["next_hop"] == wanted, "the last of them is in force")
    said = net.router.fairlead("audit").stdout
    check(tap, "an audit finds nothing afterwards", "agree" in said, said)


def main(tap):
    net = Net()
    net.router = start_unless_forbidden(tap, lambda: Router(net.lab, "near", build, CONFIGURATION))
    for way in range(WAYS):  # what the hosts need to know of their neighbour
        net.lab.on("near", "ping", "-n", "-c", "1", "-W", "3", gateway(way))
    net.lab.on("near", "ping", "-n", "-c", "1", "-W", "3", "10.0.1.10")
    first = flows_are_spread(tap, net)
    a_way_is_lost(tap, net, first)
    groups_of_objects(tap, net, first)
    engines_come_and_go(tap, net, first)
    what_only_the_kernel_understands(tap, net)
    replaced_under_traffic(tap, net)
    check(tap, "it stops in order", net.router.stop() == 0, *net.router.log)
    for capture in net.captures:
        capture.process.kill()


run_in_lab(main)
