#!/usr/bin/env python3
"""What a lease is good for beyond its client: dhcp_joined.py SOURCE_ROOT BUILD_ROOT DOOR

The router knows a host with a lease as a neighbour without asking; at a port with source guard only hosts that are
known may speak; other DHCP servers there are not listened to.
"""
import os
import signal
import socket
import struct
import sys

source, build, door_kind = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from dhcp_frames import ACK, DISCOVER, OFFER, RELEASE, REQUEST, addr, message, udp_frame  # noqa: E402
from frames import Capture  # noqa: E402
from lab import Lab  # noqa: E402
from observe import check, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from wire import Wire  # noqa: E402

SERVER, RIGHT = "10.0.1.1", "10.0.2.2"
BROADCAST = b"\xff" * 6
CONFIGURATION = """
interface "lan0" {
    address = "10.0.1.1/24"  door = %(door)s  source-guard = %(guard)s
    host "10.0.1.5" { mac = "02:00:00:00:00:05" }
    dhcp {
        pool = "10.0.1.100-10.0.1.120"  conflict-check = false  lease = 1h
        reservation "printer" { mac = "02:00:00:00:00:06"  address = "10.0.1.6" }
    }
}
interface "lan1" { address = "10.0.2.1/24" }
"""


def mac(number):
    return b"\x02\0\0\0\0" + bytes([number])


def lease(wire, number, *options):
    """DISCOVER, REQUEST: the address that was acknowledged."""
    offer = wire.ask(message(mac(number), [(53, bytes([DISCOVER])), *options], xid=number, flags=0x8000), src_mac=mac(number))
    ack = wire.ask(message(mac(number), [(53, bytes([REQUEST])), (54, addr(SERVER)), (50, addr(offer.yiaddr)), *options],
                           xid=number, flags=0x8000), src_mac=mac(number))
    assert (offer.type, ack.type) == (OFFER, ACK), (offer.options, ack.options)
    return ack.yiaddr


def arp(sender_mac, sender, target, source_mac=None):
    return (BROADCAST + (source_mac or sender_mac) + b"\x08\x06\0\1\x08\0\6\4\0\1" + sender_mac + addr(sender) + b"\0" * 6 +
            addr(target))


class Guarded:
    """What of what `left` says goes through the router, or is answered by it."""

    def __init__(self, lab, wire, router):
        self.lab, self.wire, self.router = lab, wire, router
        self.arrived = Capture(lab, "right", "eth0")
        self.number = 0

    def passes(self, src, src_mac, **frame):
        """Whether a datagram arrives at `right`; one that may pass for certain is sent behind it."""
        self.number += 2
        for number, (ip, hardware) in enumerate([(src, src_mac), ("10.0.1.5", mac(5))], self.number):
            data = struct.pack("!I", number)
            self.wire.send(udp_frame(data, hardware, dst_mac=self.wire.server_mac, src=ip, dst=RIGHT, sport=9, dport=9,
                                     **(frame if number == self.number else {})))
        seen = False
        while True:
            got = self.arrived.frame()
            if got[12:14] != b"\x08\x00" or got[23] != socket.IPPROTO_UDP or got[36:38] != b"\0\x09":
                continue
            number = struct.unpack("!I", got[42:46])[0]
            seen |= number == self.number
            if number == self.number + 1:
                return seen

    def answered(self, frame):
        """Whether the router answers an ARP request; one that it answers for certain is sent behind it."""
        certain = arp(mac(5), "10.0.1.5", SERVER)
        self.wire.send(frame)
        self.wire.send(certain)
        targets = []
        while not targets or targets[-1] != addr("10.0.1.5"):
            got = self.wire.capture.frame()
            if got[12:14] == b"\x08\x06" and got[20:22] == b"\0\2":
                targets.append(got[38:42])
        return len(targets) > 1

    def drops(self, reason):
        return self.router.counters()["lan0"].get(f"drop:{reason}", 0)


def neighbours(router):
    return {(one["interface"], one["address"]): one for one in router.ask("show", "neighbours")["neighbours"]}


def knows(router, address, number, state=("stale", "delay", "probe", "reachable", "permanent")):
    one = neighbours(router).get(("lan0", address))
    return one and one["mac"] == mac(number).hex(":") and one["state"] in state


def a_lease_is_a_neighbour(tap, door, lab, wire, router):
    address = lease(wire, 1)
    until(lambda: knows(router, address, 1), f"{address} a neighbour")
    check(tap, f"{door}: the router knows a host with a lease", knows(router, address, 1, ("stale",)), neighbours(router))
    # The very first packet is for it; ARP comes later, when the kernel makes sure, and is unicast.
    lab.on("right", "ping", "-c", "1", "-W", "1", "-s", "8", address, check=False)
    while (frame := wire.capture.frame())[12:14] not in (b"\x08\x00", b"\x08\x06") or frame[:6] == BROADCAST and \
            frame[12:14] == b"\x08\x00":
        pass
    check(tap, f"{door}: no ARP is needed", frame[:6] == mac(1) and frame[12:14] == b"\x08\x00" and
          frame[30:34] == addr(address), frame.hex())
    check(tap, f"{door}: a host of the configuration is a neighbour for good", knows(router, "10.0.1.5", 5, ("permanent",)),
          neighbours(router))
    return address


def only_who_is_known_speaks(tap, door, guarded, wire, address):
    before = guarded.drops("source-guard")
    check(tap, f"{door}: a host with a lease speaks", guarded.passes(address, mac(1)))
    check(tap, f"{door}: not with another hardware address", not guarded.passes(address, mac(2)))
    check(tap, f"{door}: not from another address", not guarded.passes("10.0.1.77", mac(1)))
    check(tap, f"{door}: not from another subnet's", not guarded.passes("192.0.2.1", mac(1)))
    check(tap, f"{door}: not from another host's", not guarded.passes("10.0.1.5", mac(1)))
    check(tap, f"{door}: one with a reservation does", guarded.passes("10.0.1.6", mac(6)))
    check(tap, f"{door}: but only with its own hardware address", not guarded.passes("10.0.1.6", mac(1)))
    check(tap, f"{door}: what is dropped is counted", guarded.drops("source-guard") == before + 5,
          guarded.drops("source-guard") - before)
    wire.send(udp_frame(b"x", mac(9), dst=SERVER, dst_mac=wire.server_mac, src="10.0.1.99", sport=9, dport=9))
    wire.send(udp_frame(b"x", mac(9), dst="10.0.1.255", src="10.0.1.99", sport=9, dport=9))
    check(tap, f"{door}: nor to the router itself, nor to all", not guarded.passes("10.0.1.99", mac(9)) and
          guarded.drops("source-guard") == before + 8, guarded.drops("source-guard") - before)


def nor_by_arp(tap, door, guarded, address):
    check(tap, f"{door}: ARP of a host with a lease is answered", guarded.answered(arp(mac(1), address, SERVER)))
    check(tap, f"{door}: one that claims another's address is not", not guarded.answered(arp(mac(2), address, SERVER)))
    check(tap, f"{door}: nor one whose frame comes from somebody else",
          not guarded.answered(arp(mac(1), address, SERVER, source_mac=mac(2))))
    check(tap, f"{door}: rfc5227_2_1_1_a_probe_is_answered", guarded.answered(arp(mac(2), "0.0.0.0", SERVER)))
    check(tap, f"{door}: and the neighbour is who it was", knows(guarded.router, address, 1), neighbours(guarded.router))


def what_ends_ends(tap, door, guarded, wire, router):
    address = lease(wire, 3)
    check(tap, f"{door}: a new lease counts before its client can use it", guarded.passes(address, mac(3)))
    release = message(mac(3), [(53, bytes([RELEASE])), (54, addr(SERVER))], xid=3, ciaddr=address)
    wire.send(udp_frame(release, mac(3), dst_mac=wire.server_mac, src=address, dst=SERVER))
    until(lambda: not guarded.passes(address, mac(3)), "the end of a lease")
    check(tap, f"{door}: whoever has given his address back does not speak", not guarded.passes(address, mac(3)))
    until(lambda: not knows(router, address, 3), "no neighbour")
    check(tap, f"{door}: and is no neighbour", True)


def other_servers(tap, door, guarded, wire, router):
    offer = message(mac(1), [(53, bytes([OFFER])), (54, addr("10.0.1.66"))], op=2, yiaddr="10.0.1.50")
    before = guarded.drops("rogue-dhcp")
    for _ in range(3):
        wire.send(udp_frame(offer, mac(0x66), src="10.0.1.66", sport=67, dport=68))
    guarded.passes("10.0.1.5", mac(5))
    check(tap, f"{door}: another server's offers are dropped and counted", guarded.drops("rogue-dhcp") == before + 3,
          guarded.drops("rogue-dhcp") - before)
    router.wait_for("lan0: another DHCP server answers there, and is not listened to: 10.0.1.66, 02:00:00:00:00:66")
    check(tap, f"{door}: and there is an alarm, one", True)


def roles_come_and_go(tap, door, guarded, wire, router, address):
    os.kill(router.roles_with("fairlead.db")[0], signal.SIGKILL)
    check(tap, f"{door}: while the dhcp role is restarted what it said holds", guarded.passes(address, mac(1)) and
          not guarded.passes(address, mac(2)))
    until(lambda: router.fairlead("show", "leases", check=False).returncode == 0, "the dhcp role")
    another = lease(wire, 4)
    until(lambda: guarded.passes(another, mac(4)), "the new role's leases")
    engine = router.ask("show", "version")["engine_pid"]
    os.kill(engine, signal.SIGKILL)
    router.wait_for("lan0: source guard is on")
    speak = [guarded.passes(*who) for who in ((address, mac(1)), (another, mac(4)), ("10.0.1.6", mac(6)), (address, mac(2)))]
    check(tap, f"{door}: after the engine's end the next one knows all of it", speak == [True, True, True, False], speak,
          router.counters(), *router.log[-9:])
    check(tap, f"{door}: neighbours too", knows(router, address, 1) and knows(router, "10.0.1.5", 5, ("permanent",)),
          neighbours(router))


def at_a_door(tap, door):
    lab = Lab(os.path.join(source, "lab/dhcp.lab"))
    lab.ip("right", "addr", "add", f"{RIGHT}/24", "dev", "eth0")
    lab.ip("right", "route", "add", "default", "via", "10.0.2.1")
    router = start_unless_forbidden(tap, lambda: Router(lab, "middle", build,
                                                        CONFIGURATION % {"door": door, "guard": "true"}))
    wire = Wire(lab, "left", mac(1))
    guarded = Guarded(lab, wire, router)
    if not any(line.endswith("lan0: source guard is on") for line in router.log):
        router.wait_for("lan0: source guard is on")
    address = a_lease_is_a_neighbour(tap, door, lab, wire, router)
    only_who_is_known_speaks(tap, door, guarded, wire, address)
    nor_by_arp(tap, door, guarded, address)
    what_ends_ends(tap, door, guarded, wire, router)
    other_servers(tap, door, guarded, wire, router)
    roles_come_and_go(tap, door, guarded, wire, router, address)
    router.configure(CONFIGURATION % {"door": door, "guard": "false"})
    router.fairlead("reload")
    check(tap, f"{door}: without it everybody speaks", guarded.passes("10.0.1.77", mac(7)))
    check(tap, f"{door}: it stops with status 0", router.stop() == 0, *router.log)
    left = lab.ip("middle", "-j", "neigh", "show", "dev", "lan0", "proto", "70").stdout.strip()
    check(tap, f"{door}: and leaves no neighbours of its own", left == "[]", left)


run_in_lab(lambda tap: at_a_door(tap, door_kind))
