#!/usr/bin/env python3
"""Delay measurement: measured.py SOURCE_ROOT BUILD_ROOT

A reflector is asked by a sender that is written down here from RFC 5357, probes are answered by such a reflector, and
two daemons measure each other. left -- middle -- right; both middle and right are routers.
"""
import os
import signal
import socket
import struct
import sys
import time

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab  # noqa: E402
from observe import check, roles, status_of, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

EF = 46
IP_RECVTTL = 12
EPOCH = 2208988800  # from 1900 to 1970
MIDDLE = """
interface "lan0" {{ address = "10.0.1.1/24"  reflector {{ from = ["10.0.1.10"]  {settings} }} }}
interface "lan1" {{
    address = "10.0.2.1/24"  {shape}
    reflector {{ from = ["10.0.2.0/24"]  rate = 10000 }}
}}
"""
SHAPE = """
rate = "2Mbit"  class "default" { queue "drop-tail" { limit = "100ms" } }  class "voice" { dscp = "ef"  priority = 0 }
"""
RIGHT = 'interface "eth0" { address = "10.0.2.10/24" }\n'
PROBE = 'probe "%s" { to = "%s"  interval = "10ms"  dscp = "ef"  port = %d  size = %d }\n'


def to_ntp(seconds):
    return struct.pack(">II", (int(seconds) + EPOCH) & 0xffffffff, int(seconds % 1 * (1 << 32)))


def from_ntp(data):
    whole, part = struct.unpack(">II", data)
    return whole - EPOCH + part / (1 << 32)


def asker(node="left"):
    """A socket that sends as RFC 5357 4.2.1 wants it, and hears with what TTL and TOS answers come."""
    sock = Lab.inside(node, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 200)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EF << 2 | 1)
    sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    sock.settimeout(10)
    return sock


def ask(sock, number, size=44, to=("10.0.1.1", 862)):
    sent = time.time()
    data = struct.pack(">I", number) + to_ntp(sent) + b"\x8a\x03" + bytes(max(0, size - 14))
    sock.sendto(data[:size], to)
    return sent, data


def hear(sock):
    data, notes, _, peer = sock.recvmsg(2000, 1000)
    return data, {kind: value[0] for _, kind, value in notes}, peer, time.time()


def a_packet_is_reflected(tap):
    with asker() as sock:
        for number, size in ((7, 14), (0xffffffff, 41), (8, 44), (9, 1472)):
            sent, question = ask(sock, number, size)
            data, notes, peer, heard = hear(sock)
            name = f"a packet of {size} bytes"
            check(tap, f"{name}: the answer comes from where it went, as long, 41 at least", peer == ("10.0.1.1", 862) and
                  len(data) == max(size, 41), peer, len(data))
            reflected, arrived = from_ntp(data[4:12]), from_ntp(data[16:24])
            check(tap, f"{name}: its number, which a reflector without memory takes over", data[:4] == question[:4], data.hex())
            check(tap, f"{name}: it was there between sending and hearing",
                  sent - 1e-4 <= arrived <= reflected <= heard + 1e-4, sent, arrived, reflected, heard)
            check(tap, f"{name}: it says what was sent", data[24:38] == question[:14], data.hex())
            check(tap, f"{name}: it says with which TTL it came", data[40] == 200, data[40])
            check(tap, f"{name}: what must be zero is, and padding", not any(data[14:16] + data[38:40] + data[41:]), data.hex())
            check(tap, f"{name}: its clock's error is not nothing", data[13] > 0, data[12:14].hex())
            check(tap, f"{name}: TTL 255, and the same DSCP", notes.get(socket.IP_TTL) == 255 and
                  notes.get(socket.IP_TOS) == EF << 2, notes)


def reflector(router, port="lan0"):
    return next((one for one in router.ask("show", "reflectors")["reflectors"] if one["port"] == port), None)


def strangers_hear_nothing(tap, middle):
    before = reflector(middle)["packets"]
    with asker() as sock, asker("right") as stranger:
        ask(sock, 1, size=13)
        stranger.connect(("10.0.2.1", 862))  # so that it hears of it if nobody is there
        middle.configure(MIDDLE.format(settings="", shape="").replace('from = ["10.0.2.0/24"]', 'from = ["10.0.9.0/24"]'))
        middle.fairlead("reload")
        stranger.send(bytes(44))
        until(lambda: reflector(middle, "lan1")["packets"].get("stranger") == 1, "the stranger is counted")
        until(lambda: reflector(middle)["packets"].get("short", 0) == before.get("short", 0) + 1, "the short one is counted")
        stranger.settimeout(0.2)
        try:
            said = stranger.recv(100).hex()
        except OSError as error:
            said = type(error).__name__
        check(tap, "a stranger hears nothing, not even that nobody is there", said == "timeout" or said == "TimeoutError", said)
        check(tap, "one who may ask is answered", ask(sock, 2) and hear(sock)[0][:4] == b"\0\0\0\2")


def there_is_a_rate(tap, middle):
    middle.configure(MIDDLE.format(settings="rate = 5", shape=""))
    middle.fairlead("reload")
    before = reflector(middle)["packets"]
    with asker() as sock:
        for number in range(200):
            ask(sock, number)
        def counted():
            now = reflector(middle)["packets"]
            return [now.get(name, 0) - before.get(name, 0) for name in ("reflected", "too-many")]
        until(lambda: sum(counted()) == 200, "all are counted")
        check(tap, "no more are answered than there is room for", 5 <= counted()[0] <= 10, counted())


def other_ports(tap, middle):
    """UDP's, of the reflector."""
    middle.configure(MIDDLE.format(settings="port = 5000", shape=""))
    middle.fairlead("reload")
    with asker() as sock:
        until(lambda: reflector(middle)["state"] == "answers" and reflector(middle)["udp_port"] == 5000, "it answers there")
        ask(sock, 3, to=("10.0.1.1", 5000))
        check(tap, "at another UDP port", hear(sock)[2] == ("10.0.1.1", 5000))
        ask(sock, 4, to=("10.0.2.1", 5000))
        check(tap, "and at the router's other addresses", hear(sock)[2] == ("10.0.2.1", 5000))
    holder = Lab.inside("middle", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    holder.bind(("10.0.1.1", 5001))
    middle.configure(MIDDLE.format(settings="port = 5001", shape=""))
    middle.fairlead("reload")
    until(lambda: reflector(middle)["udp_port"] == 5001 and reflector(middle)["state"] == "missing", "it is not there")
    check(tap, "where another program is there is none, and it says why", reflector(middle)["why"] == "Address already in use",
          reflector(middle))
    holder.close()


def probe(router, name):
    return next((one for one in router.ask("show", "probes")["probes"] if one["probe"] == name), None)


def measured(router, name, count):
    """What is known of a probe when so many have been answered."""
    until(lambda: (probe(router, name) or {"answered": 0})["answered"] >= count, f"{name}: {count} answers")
    return probe(router, name)


def routers_measure_each_other(tap, middle, right):
    middle.configure(MIDDLE.format(settings="", shape=SHAPE))
    middle.fairlead("reload")
    right.configure(RIGHT + PROBE % ("near", "10.0.2.1", 862, 44) + PROBE % ("large", "10.0.2.1", 862, 1472))
    right.fairlead("reload")
    for name in ("near", "large"):
        one = measured(right, name, 50)
        check(tap, f"{name}: nothing is lost, doubled or strange",
              not any(one[key] for key in ("lost", "late", "duplicate", "strange", "unreachable", "reordered")), one)
        check(tap, f"{name}: there are as many times as answers", one["round_trip"]["packets"] == one["answered"] ==
              one["there_variation"]["packets"] == one["back_variation"]["packets"], one)
        check(tap, f"{name}: its times are those of a link without delay",
              0 < one["round_trip"]["p50_us"] < 20000 and one["state"] == "answered", one)
    until(lambda: any(one["class"] == "voice" and one["left"]["packets"] >= 100 for one in middle.ask("show", "queues")["queues"]),
          "answers wait in the class of their DSCP")
    text = right.fairlead("show", "probes").stdout
    check(tap, "people read it too", "near" in text and "answered" in text, text)
    text = middle.fairlead("show", "reflectors").stdout
    check(tap, "and the reflector's", "lan1" in text and "answers" in text, text)


def the_line_is_full(tap, right):
    """What waits in a queue of 100 ms shows in one class, and not in the other."""
    right.configure(RIGHT + PROBE % ("urgent", "10.0.2.1", 862, 44) +
                    (PROBE % ("usual", "10.0.2.1", 862, 44)).replace('"ef"', '"cs0"'))
    right.fairlead("reload")
    pid = os.fork()
    if pid == 0:
        with Lab.inside("left", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            while True:  # 50 Mbit/s, or what this machine has time for: more than the line in any case
                for _ in range(9):
                    sock.sendto(bytes(1400), ("10.0.2.10", 9))
                time.sleep(0.002)
    until(lambda: probe(right, "usual")["back_variation"]["p50_us"] > 50000, "it waits on the way back")
    usual, urgent = measured(right, "usual", 100), probe(right, "urgent")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    check(tap, "which is what a round trip takes longer", usual["round_trip"]["p50_us"] > 50000, usual)
    check(tap, "on the way there it does not wait", usual["there_variation"]["p50_us"] < 25000, usual)
    check(tap, "an urgent class does not wait", urgent["round_trip"]["p50_us"] < 25000 and urgent["lost"] == 0, urgent)


class Peer:
    """A reflector at the middle that does what it is told."""

    def __init__(self, port):
        self.sock = Lab.inside("middle", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.sock.bind(("10.0.2.1", port))
        self.sock.settimeout(10)

    def take(self):
        data, peer = self.sock.recvfrom(2000)
        return data, peer, time.time()

    def answer(self, data, peer, arrived, reflected, sender=None):
        said = data[:4] + to_ntp(reflected) + b"\x01\x01\0\0" + to_ntp(arrived) + data[:14] + b"\0\0\xff"
        (sender or self.sock).sendto(said, peer)


def probes_know_what_happens(tap, right):
    """A reflector holds packets, doubles, forgets and invents some."""
    peer = Peer(7000)
    right.configure(RIGHT + (PROBE % ("peer", "10.0.2.1", 7000, 44)).replace("10ms", "100ms"))
    right.fairlead("reload")
    held, doubled, mixed = 0, 0, None
    for number in range(38):
        data, to, arrived = peer.take()
        if number == 0:
            check(tap, "a probe's packet is as long as it is to be", len(data) == 44, len(data))
            check(tap, "it says when it was sent", abs(from_ntp(data[4:12]) - arrived) < 1, from_ntp(data[4:12]), arrived)
            check(tap, "numbers begin with 0", data[:4] == bytes(4), data.hex())
        if number < 20:  # held, and says so: most of all
            time.sleep(0.05)
            peer.answer(data, to, arrived, time.time())
            held += 1
        elif number < 25:
            peer.answer(data, to, arrived, time.time())
            peer.answer(data, to, arrived, time.time())
            doubled += 1
        elif number == 25:
            mixed = data, to, arrived
        elif number == 26:
            peer.answer(data, to, arrived, time.time())
            peer.answer(*mixed, time.time())
        elif number == 27:  # of another address, cut short, of a packet that was never sent: none is an answer
            other = Lab.inside("middle", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            other.bind(("10.0.2.1", 7001))
            peer.answer(data, to, arrived, time.time(), other)
            peer.sock.sendto(data, to)
            peer.answer(struct.pack(">I", 4000) + data[4:], to, arrived, time.time())
            other.close()
        elif number > 28:
            peer.answer(data, to, arrived, time.time())
    answered = held + doubled + 2 + 9
    one = measured(right, "peer", answered)
    check(tap, "the time that a reflector had a packet is none of the way", one["round_trip"]["p50_us"] < 45000, one)
    check(tap, "what comes twice is counted", one["duplicate"] == doubled, one)
    check(tap, "and what comes out of order", one["reordered"] == 1, one)
    check(tap, "and what answers nothing", one["strange"] == 3, one)
    until(lambda: probe(right, "peer")["lost"] >= 2, "what has not come back is lost")
    check(tap, "what is on its way is not lost", probe(right, "peer")["lost"] == 2 or probe(right, "peer")["sent"] > 60,
          probe(right, "peer"))
    peer.sock.close()
    until(lambda: probe(right, "peer")["why"] == "Connection refused", "nobody is there any more, and it says so")
    check(tap, "then it fails", probe(right, "peer")["state"] == "fails", probe(right, "peer"))


def it_comes_and_goes(tap, middle, right):
    right.configure(RIGHT + PROBE % ("near", "10.0.2.1", 862, 44))
    right.fairlead("reload")
    measured(right, "near", 10)
    before = probe(right, "near")["sent"]
    right.fairlead("reload")
    check(tap, "what stays the same goes on", probe(right, "near")["sent"] >= before, before)
    os.kill(middle.ask("show", "version")["engine_pid"], signal.SIGKILL)
    count = reflector(middle, "lan1")["packets"]["reflected"]
    until(lambda: reflector(middle, "lan1")["packets"]["reflected"] >= count + 20, "the reflector answers without its engine")
    (pid,) = measurers(middle)
    status = status_of(pid)
    check(tap, "who measures is nobody, and may nothing", status["Uid"].split() == ["65534"] * 4 and
          int(status["CapPrm"], 16) == 0 and status["NoNewPrivs"] == "1", status)
    os.kill(pid, signal.SIGKILL)
    until(lambda: measurers(middle) not in ([], [pid]), "another comes in its place")
    before = probe(right, "near")["answered"]
    until(lambda: probe(right, "near")["answered"] >= before + 10, "which answers too")
    for router, conf in ((middle, 'interface "lan0" { }\ninterface "lan1" { address = "10.0.2.1/24" }\n'), (right, RIGHT)):
        router.configure(conf)
        router.fairlead("reload")
        until(lambda: not measurers(router), f"{router.node}: when nothing is to be measured the role ends")
        for what in ("probes", "reflectors"):
            check(tap, f"{router.node}: no {what}", router.ask("show", what) == {what: []}, router.ask("show", what))


def measurers(router):
    """Processes of the measurement role."""
    return roles(router.process.pid, "delay")


def all_cases(tap):
    lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
    middle = start_unless_forbidden(tap, lambda: Router(lab, "middle", build, MIDDLE.format(settings="", shape="")))
    right = Router(lab, "right", build, RIGHT)
    until(lambda: reflector(middle) and reflector(middle)["state"] == "answers", "the reflector answers")
    a_packet_is_reflected(tap)
    strangers_hear_nothing(tap, middle)
    there_is_a_rate(tap, middle)
    other_ports(tap, middle)
    routers_measure_each_other(tap, middle, right)
    the_line_is_full(tap, right)
    probes_know_what_happens(tap, right)
    it_comes_and_goes(tap, middle, right)
    for router in (middle, right):
        check(tap, f"{router.node} stops cleanly", router.stop() == 0, router.log)


run_in_lab(all_cases)
