#!/usr/bin/env python3
"""Frames that are not what they should be: mutated.py SOURCE_ROOT BUILD_ROOT DOOR [FRAMES [SEED]]

Mutations of good frames are sent at a router's port. Whatever comes out of the other one is right, and is what went in
but for what a hop changes; good packets in between all arrive; and the daemon does not notice.
"""
import os
import random
import socket
import struct
import subprocess
import sys
import time

source, build, door, *rest = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from frames import hand_over  # noqa: E402
from lab import Lab, end_ping  # noqa: E402
from observe import check, roles, until  # noqa: E402
from packets import checksum, ipv4  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

FRAMES = int(rest[0]) if rest else 200000
SEED = int(rest[1]) if len(rest) > 1 else 1
BATCH = 200  # frames, and then a mark that is waited for
LEFT, RIGHT = "10.0.1.10", "10.0.2.10"  # who ping one another
FROM, TO = "10.0.1.20", "10.0.2.20"  # addresses at these hosts' ends that none of them has, so that none answers
MARK = b"the mark"
CONFIGURATION = f'interface "lan0" {{ door = "{door}" }}  interface "lan1" {{ door = "{door}" }}'
# What is often just at an edge.
BYTES = [0, 1, 2, 4, 5, 6, 15, 0x40, 0x45, 0x46, 0x4f, 0x7f, 0x80, 0xe0, 0xf0, 0xff]
WORDS = [0, 1, 19, 20, 21, 27, 28, 60, 0x05dc, 0x1fff, 0x2000, 0x4000, 0x7fff, 0x8000, 0xffff]


def good_packets():
    def udp(payload):
        return struct.pack("!HHHH", 4000, 53, 8 + len(payload), 0) + payload
    tcp = struct.pack("!HHIIBBHHH", 4000, 80, 1, 2, 0x50, 0x10, 1000, 0x1234, 0)
    packets = [ipv4(FROM, TO, udp(b"x" * size), 17) for size in (0, 1, 18, 100, 1472)]
    packets += [ipv4(FROM, TO, tcp + b"y" * size, 6) for size in (0, 6, 500)]
    packets += [ipv4(FROM, TO, b"\x08\x00\x00\x00\x00\x01\x00\x01" + b"z" * 40, 1), ipv4(FROM, TO, b"gre?" * 9, 47),
                ipv4(FROM, TO, b"", 253), ipv4(FROM, "10.0.2.77", udp(b"nobody"), 17),
                ipv4(FROM, "10.0.1.1", udp(b"for the router"), 17), ipv4(FROM, "255.255.255.255", udp(b"for all"), 17)]
    fragment = bytearray(ipv4(FROM, TO, udp(b"f" * 64), 17))
    fragment[6:8] = b"\x20\x00"
    options = bytearray(ipv4(FROM, TO, b"\x94\x04\x00\x00" + udp(b"o" * 30), 17))
    options[0] = 0x46
    return packets + [right(fragment), right(options)]


def right(packet):
    """With the checksum that its header has to have, as far as there is one."""
    packet = bytearray(packet)
    size = (packet[0] & 15) * 4 if packet else 0
    if 20 <= size <= len(packet):
        packet[10:12] = b"\0\0"
        packet[10:12] = struct.pack("!H", checksum(bytes(packet[:size])))
    return bytes(packet)


class Mutator:
    def __init__(self, header):
        self.random, self.good, self.header = random.Random(SEED), good_packets(), header

    def frame(self):
        draw = self.random
        packet = bytearray(draw.choice(self.good))
        for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
            kind, at = draw.randrange(8), draw.randrange(min(len(packet), 44)) if packet else 0
            if kind == 0 and packet:
                packet[at] ^= 1 << draw.randrange(8)
            elif kind == 1 and packet:
                packet[at] = draw.randrange(256)
            elif kind == 2 and packet:
                packet[at] = draw.choice(BYTES)
            elif kind == 3 and packet:
                packet[at & ~1:(at & ~1) + 2] = struct.pack("!H", draw.choice(WORDS))
            elif kind == 4:
                del packet[draw.randrange(len(packet) + 1):]
            elif kind == 5:
                packet += bytes(draw.randrange(64))
            elif kind == 6:
                packet[at:at] = bytes([draw.choice(BYTES)]) * draw.choice((1, 2, 4))
            elif kind == 7:
                del packet[at:at + draw.choice((1, 2, 4))]
        if draw.random() < 0.5:
            packet = right(packet)
        header = bytearray(self.header)
        if draw.random() < 0.05:
            header[draw.randrange(14)] ^= 1 << draw.randrange(8)
        return bytes((header + packet)[:1514])


def fault_of(packet):
    """What is wrong with an IPv4 packet; None: it may be forwarded (RFC 1812 5.2.2, 5.3.7)."""
    if len(packet) < 20:
        return "no header"
    size, total = (packet[0] & 15) * 4, struct.unpack("!H", packet[2:4])[0]
    src, dst = packet[12:16], packet[16:20]
    if packet[0] >> 4 != 4 or size < 20:
        return "version or header length"
    if not size <= total <= len(packet):
        return "total length"
    if checksum(bytes(packet[:size])):
        return "checksum"
    if packet[8] == 0:
        return "time to live"
    if src[0] >> 4 == 14 or src == b"\xff" * 4 or src[0] in (0, 127):
        return "source"
    if dst[0] in (0, 127):
        return "destination"
    return None


def essence(packet):
    """What a hop does not change, and no padding. Options are the kernel's, which clears what is behind their end."""
    packet, size = bytearray(packet[:struct.unpack("!H", packet[2:4])[0]]), (packet[0] & 15) * 4
    packet[8], packet[10:12] = 0, b"\0\0"
    packet[20:size] = bytes(size - 20)
    return bytes(packet)


class Net:
    def __init__(self, tap):
        self.lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
        self.lab.let_hosts_poll(os.path.join(build, "lab/poll.bpf.o"))
        self.router = start_unless_forbidden(tap, lambda: Router(self.lab, "middle", build, CONFIGURATION))
        for node, host in (("left", RIGHT), ("right", LEFT)):
            self.lab.on(node, "ping", "-n", "-c", "1", "-W", "3", host)
        mac = ":".join(f"{byte:02x}" for byte in self.lab.mac("right", "eth0"))
        self.lab.ip("middle", "neigh", "add", TO, "lladdr", mac, "dev", "lan1", "nud", "permanent")
        until(lambda: all(self.router.ask("route", address)["cut_through"] for address in (RIGHT, TO)), "the ways are known")
        self.sender = self.lab.inside("left", lambda: self.socket("eth0", 0))
        self.capture = self.lab.inside("right", lambda: self.socket("eth0", 3))
        self.own_mac = self.lab.mac("middle", "lan1")
        self.mutator = Mutator(self.lab.mac("middle", "lan0") + self.lab.mac("left", "eth0") + b"\x08\x00")
        self.counts = {"sent": 0, "refused": 0, "forwarded": 0, "by the router": 0}
        self.faults = []

    @staticmethod
    def socket(interface, protocol):
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
        raw.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        raw.bind((interface, protocol))
        return raw

    def batch(self, number):
        """Send some; look at all that comes out until the mark does."""
        sent = set()
        for _ in range(BATCH):
            frame = self.mutator.frame()
            try:
                hand_over(self.sender, frame)
            except OSError:  # shorter than a header
                self.counts["refused"] += 1
                continue
            self.counts["sent"] += 1
            if not fault_of(frame[14:]):
                sent.add(essence(frame[14:]))
        mark = ipv4(FROM, TO, MARK + struct.pack("!I", number))
        hand_over(self.sender, self.mutator.header + mark)
        while True:
            frame, address = self.capture.recvfrom(65536)
            if address[2] == socket.PACKET_OUTGOING or frame[6:12] != self.own_mac or frame[12:14] != b"\x08\x00":
                continue
            packet = frame[14:]
            if packet[20:28] == MARK:
                return
            self.look_at(packet, sent)

    @staticmethod
    def is_ping(packet):
        return packet[9] == 1 and packet[12:20] == bytes((10, 0, 1, 10, 10, 0, 2, 10))

    def look_at(self, packet, sent):
        fault = fault_of(packet)
        if not fault and packet[9] == 1 and packet[12:16] in (b"\x0a\0\x02\x01", b"\x0a\0\x01\x01"):
            self.counts["by the router"] += 1  # what it has to say of a packet
        elif fault or (essence(packet) not in sent and not self.is_ping(packet)):
            self.faults.append(f"{fault or 'it was not sent'}: {packet[:64].hex()}")
        else:
            self.counts["forwarded"] += 1


def main(tap):
    net = Net(tap)
    engine = roles(net.router.process.pid, "engine")
    ping = net.lab.spawn("left", "ping", "-n", "-i", "0.01", "-W", "5", RIGHT, stdout=subprocess.PIPE)
    ping.stdout.readline()
    began = time.monotonic()
    for number in range(-(-FRAMES // BATCH)):
        net.batch(number)
    seconds = time.monotonic() - began
    sent, back = end_ping(ping)
    counters = net.router.counters()["lan0"]
    tap.note(f"seed {SEED}, {net.counts}, {seconds:.0f} s; {net.router.counters()}")
    check(tap, f"{FRAMES} frames: nothing malformed is forwarded, and nothing that was not sent", not net.faults,
          len(net.faults), *net.faults[:5])
    check(tap, "some were still good, and were forwarded", net.counts["forwarded"] > FRAMES / 100, net.counts)
    check(tap, "a ping meanwhile loses nothing", sent == back and sent, sent, back)
    kinds = {key for key, count in counters.items() if count and ":" in key}
    check(tap, "every kind of fault was among them", kinds >= {
        f"drop:{name}" for name in ("ip-truncated", "ip-version", "ip-header-length", "ip-checksum", "ip-length-long",
                                    "ip-length-short", "ip-source-zero")} | {"kernel:ttl", "kernel:options", "kernel:no-route"},
        counters)
    check(tap, "the engine is the same", roles(net.router.process.pid, "engine") == engine)
    said = net.router.fairlead("audit").stdout
    check(tap, "an audit finds nothing", "agree" in said, said)
    check(tap, "it stops in order", net.router.stop() == 0, *net.router.log)


run_in_lab(main)
