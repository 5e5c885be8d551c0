#!/usr/bin/env python3
"""The front door in a network of namespaces: first_packet.py SOURCE_ROOT BUILD_ROOT

Whatever the kernel would do with a packet must happen with the door as well: the same probes are made with the kernel
alone, with tc doors and with XDP doors.
"""
import os
import re
import struct
import sys

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from frames import Capture, Sender  # noqa: E402
from lab import Lab, enter  # noqa: E402
from observe import ip_counter, until  # noqa: E402
from packets import ipv4  # noqa: E402
from ready import skip_unless_possible, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from tap import Tap  # noqa: E402

CORPUS = os.path.join(source, "tests/fuzz/corpus/validate")
PORTS = ("lan0", "lan1")


class Net:
    """The lab with its router's settings as the tests want them, and raw frames from left to right."""

    def __init__(self):
        self.lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
        self.lab.let_hosts_poll(os.path.join(build, "lab/poll.bpf.o"))
        for name in PORTS:
            # Neighbours are found missing in tenths of seconds instead of seconds.
            self.middle("sysctl", "-qw", f"net.ipv4.neigh.{name}.retrans_time_ms=100",
                        f"net.ipv4.neigh.{name}.base_reachable_time_ms=500",
                        f"net.ipv4.neigh.{name}.delay_first_probe_time=1", f"net.ipv4.conf.{name}.send_redirects=0")
        # No message is limited by its type. A limit of 0 would not do: the kernel keeps one bucket for it and for routes'
        # errors, and a tick between the two empties that.
        self.middle("sysctl", "-qw", "net.ipv4.icmp_ratemask=0")
        self.senders = {node: Sender(self.lab, node, interface)
                        for node, interface in (("left", "eth0"), ("middle", "lan1"))}
        self.capture = Capture(self.lab, "right", "eth0")
        self.macs = {}
        for node, name in self.lab.links:
            self.macs[node, name] = self.lab.mac(node, name)
        self.marks = 0

    def middle(self, *command, check=True):
        return self.lab.on("middle", *command, check=check)

    def ping(self, address, *options):
        return self.lab.on("left", "ping", "-n", "-c", "1", "-W", "3", *options, address, check=False)

    def send(self, packet, node="left"):
        """From left to the router's MAC address, or from the router to right's; returns when it has been handed over."""
        ends = {"left": ("middle", "lan0", "left", "eth0"), "middle": ("right", "eth0", "middle", "lan1")}[node]
        self.senders[node].send(self.macs[ends[:2]] + self.macs[ends[2:]] + b"\x08\x00" + packet)

    def arrived(self, node="left"):
        """The IPv4 packets that have arrived at right since the last call: all before a mark that `node` sends now."""
        self.marks += 1
        mark = struct.pack("!8sI", b"the mark", self.marks)
        self.send(ipv4("10.0.1.10", "10.0.2.10", mark), node)
        packets = []
        while True:
            frame = self.capture.frame()
            if frame[12:14] == b"\x08\x00":
                if frame[34:46] == mark:
                    return packets
                packets.append(frame[14:])

    def router(self, door):
        router = Router(self.lab, "middle", build,
                        "\n".join(f'interface "{name}" {{ door = "{door}" }}' for name in PORTS))
        self.ping("10.0.2.10")  # neighbours are known from here on
        self.arrived()
        return router


# --- the same answers as the kernel's ---------------------------------------------------------------------------------

PROBES = {
    "a reachable host": ["10.0.2.10"],
    "TTL expiry": ["-t", "1", "10.0.2.10"],
    "a host that is not there": ["10.0.2.99"],
    "no route": ["172.31.0.1"],
    "an unreachable route": ["198.51.100.1"],
    "a prohibit route": ["198.51.100.2"],
    "a blackhole route": ["198.51.100.3"],
    "a throw route": ["198.51.100.4"],
    "larger than the egress MTU, not to be cut": ["-M", "do", "-s", "1300", "10.0.2.10"],
    "larger than the egress MTU, to be cut": ["-M", "dont", "-s", "1300", "10.0.2.10"],
    "larger than the route's MTU, not to be cut": ["-M", "do", "-s", "1100", "198.51.100.5"],
    "IPv4 options": ["-R", "10.0.2.10"],
    "the router itself": ["10.0.2.1"],
    "the router's directed broadcast": ["-b", "10.0.2.255"],
    "back where it came from": ["10.0.1.10"],
}


# The kernel answers one sender five of these at once, and then one a second: each round has a sender of its own.
LIMITED = ("no route", "an unreachable route", "a prohibit route", "a throw route")


def answers(net, sender):
    """probe -> what ping says of it: who answers what, without times."""
    said = {}
    net.lab.ip("left", "addr", "add", f"{sender}/24", "dev", "eth0")
    for name, options in PROBES.items():
        if name in LIMITED:
            options = ["-I", sender, *options]
        net.lab.on("left", "ip", "route", "flush", "cache")  # what it has learned of MTUs
        text = net.ping(options[-1], *options[:-1]).stdout
        lines = [line for line in text.splitlines()[1:] if line and "statistics" not in line and "rtt" not in line]
        said[name] = re.sub(r"time[ =][0-9.]+ ?ms|, time \d+ms|pipe \d+", "", "\n".join(lines))
    return said


def answers_are_the_kernels(tap, net, kernel, door):
    router = net.router(door)
    got = answers(net, {"tc": "10.0.1.21", "xdp": "10.0.1.22"}[door])
    for name, want in kernel.items():
        tap.case(f"{door}: {name}: as the kernel answers", [] if got[name] == want else [f"kernel: {want}\ndoor: {got[name]}"])
    counters = router.counters()["lan0"]
    for reason in ("local", "ttl", "unresolved", "no-route", "unreachable", "prohibit", "too-big", "options",
                   "route-other"):
        tap.case(f"{door}: left to the kernel and counted: {reason}",
                 [] if counters.get(f"kernel:{reason}") else [str(counters)])
    tap.case(f"{door}: dropped and counted: route-blackhole",
             [] if counters.get("drop:route-blackhole") == 1 else [str(counters)])
    tap.case(f"{door}: cut through", [] if counters["cut"] >= 1 else [str(counters)])
    tap.case(f"{door}: stopped cleanly", [] if router.stop() == 0 else router.log)


# --- malformed frames -------------------------------------------------------------------------------------------------

def malformed_frames_are_dropped(tap, net, door):
    router = net.router(door)
    for name in sorted(os.listdir(CORPUS)):
        with open(os.path.join(CORPUS, name), "rb") as file:
            packet = file.read()
        reason = name.partition(".")[0]
        if reason == "none":
            continue
        before = router.counters()["lan0"].get(f"drop:{reason}", 0)
        net.send(packet)
        packets = net.arrived()
        after = router.counters()["lan0"].get(f"drop:{reason}", 0)
        faults = [f"forwarded: {packet.hex()}" for packet in packets]
        if after != before + 1:
            faults.append(f"drop:{reason} went from {before} to {after}")
        tap.case(f"{door}: {name} is dropped for {reason}", faults)
    tap.case(f"{door}: stopped cleanly after malformed frames", [] if router.stop() == 0 else router.log)


# --- where the door must stand aside ----------------------------------------------------------------------------------

def cut_by(net, router, packet):
    """(how many packets the door cut through at lan0, how many arrived) of one packet, the mark not counted"""
    before = router.counters()["lan0"]["cut"]
    net.send(packet)
    between = router.counters()["lan0"]["cut"]
    return between - before, len(net.arrived())


def check_aside(tap, net, router, name, why, begin, end, forwarded):
    """After `begin` the kernel decides (and forwards or not), after `end` the door again."""
    packet = ipv4("10.0.1.10", "10.0.2.10", b"aside")
    faults = []
    begin()
    router.wait_for(why)
    cut, arrived = cut_by_kernel(net, router, packet, forwarded)
    if (cut, arrived) != (0, int(forwarded)):
        faults.append(f"while it stands: {cut} cut through, {arrived} arrived")
    end()
    router.wait_for("lan1: the door forwards")
    if cut_by(net, router, packet) != (1, 1):
        faults.append("afterwards the door does not forward")
    tap.case(name, faults)


def cut_by_kernel(net, router, packet, forwarded):
    """As cut_by(), where a mark from left would not arrive either: the router sends it, after its kernel has received
    the packet."""
    if forwarded:
        return cut_by(net, router, packet)
    before, received = router.counters()["lan0"]["cut"], received_by_kernel(net)
    net.send(packet)
    until(lambda: received_by_kernel(net) > received, "the kernel to receive the packet")
    return router.counters()["lan0"]["cut"] - before, len(net.arrived("middle"))


def received_by_kernel(net):
    """IPv4 packets that the router's kernel has received."""
    return ip_counter(net.lab, "middle", "InReceives")


def the_door_stands_aside(tap, net):
    router = net.router("tc")
    tap.case("tc: with nothing in its way the door forwards",
             [] if cut_by(net, router, ipv4("10.0.1.10", "10.0.2.10")) == (1, 1) else router.log)
    def middle(*command):
        return lambda: net.middle(*command)
    check_aside(tap, net, router, "a policy rule", "lan1: the door stands aside: the kernel has policy routing rules",
                middle("ip", "rule", "add", "from", "192.0.2.0/24", "table", "main"),
                middle("ip", "rule", "del", "from", "192.0.2.0/24", "table", "main"), True)
    check_aside(tap, net, router, "a whole prefix that is local",
                "lan1: the door stands aside: a whole prefix is local to this system",
                middle("ip", "route", "add", "local", "192.0.2.0/24", "dev", "lo"),
                middle("ip", "route", "del", "local", "192.0.2.0/24", "dev", "lo"), True)
    check_aside(tap, net, router, "forwarding switched off",
                "lan1: the door stands aside: forwarding is switched off at this interface",
                middle("sysctl", "-qw", "net.ipv4.ip_forward=0"), middle("sysctl", "-qw", "net.ipv4.ip_forward=1"), False)
    check_aside(tap, net, router, "route_localnet",
                "lan1: the door stands aside: route_localnet or ip_forward_use_pmtu is set",
                middle("sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1"),
                middle("sysctl", "-qw", "net.ipv4.conf.all.route_localnet=0"), True)
    nft_why = "lan1: the door stands aside: the kernel has rules for forwarded packets (nftables chain guard {})"
    for chain, kind, hook in (("c1", "filter", "forward"), ("c2", "filter", "prerouting"), ("c3", "nat", "postrouting")):
        def begin(chain=chain, kind=kind, hook=hook):
            net.middle("nft", f"table ip guard {{ chain {chain} {{ type {kind} hook {hook} priority 0; counter; }}; }}")
        if net.middle("nft", "list", "tables", check=False).returncode:
            tap.skip(f"an nftables chain at {hook}", "this kernel has no nf_tables; run it on one that has")
            continue
        check_aside(tap, net, router, f"an nftables chain at {hook}", nft_why.format(chain), begin,
                    middle("nft", "delete", "table", "ip", "guard"), True)
    if not net.middle("nft", "list", "tables", check=False).returncode:
        check_aside(tap, net, router, "an nftables chain that lets nothing through", nft_why.format("shut"),
                    middle("nft", "table ip guard { chain shut { type filter hook forward priority 0; policy drop; }; }"),
                    middle("nft", "delete", "table", "ip", "guard"), False)
        net.middle("nft", "table inet filter { chain forward { type filter hook forward priority 0; }; }")
        tap.case("an nftables chain without rules is in nobody's way",
                 [] if cut_by(net, router, ipv4("10.0.1.10", "10.0.2.10")) == (1, 1) else router.log)
    spoofed = ipv4("192.0.2.1", "10.0.2.10", b"spoofed")
    tap.case("rp_filter off: any source", [] if cut_by(net, router, spoofed) == (1, 1) else [str(router.counters())])
    own = ipv4("10.0.2.1", "10.0.2.10", b"own source")
    tap.case("an address of the router is no source",
             [] if cut_by(net, router, own) == (0, 0) else [str(router.counters())])
    net.middle("ip", "route", "add", "192.0.2.0/24", "nexthop", "via", "10.0.1.10", "nexthop", "dev", "lan1")
    router.stop()
    router = net.router("tc")
    many = ipv4("10.0.1.10", "192.0.2.9", b"multipath")
    tap.case("a multipath route of which one way has no gateway is the kernel's",
             [] if cut_by(net, router, many)[0] == 0 and router.counters()["lan0"].get("kernel:multipath") else
             [str(router.counters())])
    net.middle("ip", "route", "del", "192.0.2.0/24")
    net.middle("sysctl", "-qw", "net.ipv4.conf.lan0.rp_filter=1")
    router.stop()
    router = net.router("tc")
    tap.case("rp_filter: no source without a way back",
             [] if cut_by(net, router, spoofed) == (0, 0) and router.counters()["lan0"].get("kernel:reverse-path") else
             [str(router.counters())])
    tap.case("rp_filter: a source with a way back",
             [] if cut_by(net, router, ipv4("10.0.1.10", "10.0.2.10")) == (1, 1) else [str(router.counters())])
    net.middle("sysctl", "-qw", "net.ipv4.conf.lan0.rp_filter=0")
    router.stop()


# --- coming and going -------------------------------------------------------------------------------------------------

def traces(net):
    """What of ours is at the router's ports."""
    found = net.middle("tc", "qdisc", "show").stdout + net.middle("ip", "link", "show").stdout
    return [line for line in found.splitlines() if "clsact" in line or "xdp" in line]


def nothing_is_left(tap, net):
    for door in ("tc", "xdp"):
        router = net.router(door)
        tap.case(f"{door}: the door is there", [] if traces(net) else ["no trace of it"])
        router.stop()
        tap.case(f"{door}: after a clean stop nothing is left", traces(net))
        router = net.router(door)
        router.process.kill() # the parent; the roles die with it
        router.process.wait()
        again = net.router(door)
        cut = cut_by(net, again, ipv4("10.0.1.10", "10.0.2.10"))
        tap.case(f"{door}: after kill -9 it starts again at once", [] if cut == (1, 1) else [str(cut), *again.log])
        again.stop()
        tap.case(f"{door}: and then leaves nothing", traces(net))
    net.middle("tc", "qdisc", "add", "dev", "lan0", "clsact")
    net.router("tc").stop()
    tap.case("a clsact of somebody else's stays", [] if len(traces(net)) == 1 else traces(net))
    net.middle("tc", "qdisc", "del", "dev", "lan0", "clsact")


def a_host_that_changes_its_mac_is_found_again(tap, net):
    router = net.router("tc")
    net.lab.on("right", "ip", "link", "set", "dev", "eth0", "address", "02:00:00:00:00:99")
    # Only the door sends to it, and only because that keeps the kernel asking does anybody notice.
    found = net.lab.on("left", "sh", "-c", "timeout 50 ping -n -i 0.2 10.0.2.10 | grep -m 1 ttl=", check=False).stdout
    tap.case("a host that changes its MAC address is found again", [] if "ttl=63" in found else [found, *router.log])
    router.stop()


def main():
    tap = Tap()
    skip_unless_possible(tap)
    enter()
    net = Net()
    start_unless_forbidden(tap, lambda: net.router("tc")).stop()
    for address, kind in (("198.51.100.1", "unreachable"), ("198.51.100.2", "prohibit"), ("198.51.100.3", "blackhole"),
                          ("198.51.100.4", "throw")):
        net.middle("ip", "route", "add", kind, address)
    net.middle("ip", "route", "add", "198.51.100.5", "via", "10.0.2.10", "mtu", "1100")
    net.lab.on("right", "ip", "addr", "add", "198.51.100.5/32", "dev", "lo")
    for node, name in (("middle", "lan1"), ("right", "eth0")):
        net.lab.on(node, "ip", "link", "set", "dev", name, "mtu", "1200")
    net.ping("10.0.2.10")
    kernel = answers(net, "10.0.1.20")
    for door in ("tc", "xdp"):
        answers_are_the_kernels(tap, net, kernel, door)
        malformed_frames_are_dropped(tap, net, door)
    the_door_stands_aside(tap, net)
    nothing_is_left(tap, net)
    a_host_that_changes_its_mac_is_found_again(tap, net)
    tap.end()


main()
