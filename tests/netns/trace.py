#!/usr/bin/env python3
"""Packets as they pass: trace.py SOURCE_ROOT BUILD_ROOT DOOR

What `fairlead trace` tells of packets is held against what was sent, and against what the door counts.
"""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys

source, build, door = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from frames import Sender, hand_over  # noqa: E402
from lab import Lab, LabError  # noqa: E402
from observe import check, children, roles, until  # noqa: E402
from packets import checksum, ipv4  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

CONFIGURATION = f"""
interface "lan0" {{ door = "{door}" }}
interface "lan1" {{ door = "{door}" }}
"""
STEPS = ["engine", "rules", "port", "frame", "header", "options", "ttl", "destination", "source", "route", "next-hop",
         "egress"]
TRACES = 4
FLOOD = 20000
LEFT, RIGHT = "10.0.1.10", "10.0.2.10"
OUTSIDER = 65534  # a user that is nobody's


class Trace:
    """The client at work; packets are told from then on. `refused`: what it said instead."""

    def __init__(self, router, *words):
        self.process = subprocess.Popen([router.client, "trace", *words], text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env={**os.environ, "FAIRLEAD_SOCKET": router.socket})
        line = self.process.stderr.readline()
        self.refused = "" if line == "fairlead: trace: ready\n" else line

    def packet(self):
        """The next one, of -j; waits for it."""
        line = self.process.stdout.readline()
        if not line:
            raise LabError(self.process.stderr.read())
        return json.loads(line)

    def stop(self):
        """What it still told, and what it said besides."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=60)


def udp(dst, port=53, payload=b"twelve bytes", src=LEFT, **more):
    return ipv4(src, dst, struct.pack("!HHHH", 4000, port, 8 + len(payload), 0) + payload, 17, **more)


def changed(packet, at, data):
    """The packet with other bytes, and its checksum right again."""
    packet = bytearray(packet)
    packet[at:at + len(data)] = data
    header = (packet[0] & 15) * 4
    packet[10:12] = b"\0\0"
    packet[10:12] = struct.pack("!H", checksum(bytes(packet[:header])))
    return bytes(packet)


def with_options(packet):
    packet = bytearray(packet)
    packet[20:20] = b"\x01\x01\x01\x00"  # three times nothing, the end
    packet[2:4] = struct.pack("!H", len(packet))
    return changed(packet, 0, b"\x46")


def spoiled(packet):
    return packet[:10] + bytes([packet[10] ^ 1]) + packet[11:]


class Net:
    def __init__(self, tap):
        self.lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
        self.lab.let_hosts_poll(os.path.join(build, "lab/poll.bpf.o"))
        self.lab.ip("middle", "route", "add", "blackhole", "200.23.20.0/24")
        self.lab.ip("middle", "route", "add", "200.23.16.0/20", "via", RIGHT)
        self.lab.ip("middle", "link", "set", "lan1", "mtu", "1400")
        self.router = start_unless_forbidden(tap, lambda: Router(self.lab, "middle", build, CONFIGURATION))
        for host in (LEFT, RIGHT):
            self.lab.on("middle", "ping", "-n", "-c", "1", "-W", "3", host)
        until(lambda: self.router.ask("route", RIGHT)["cut_through"], "the way is known")
        self.sender = Sender(self.lab, "left", "eth0")
        self.header = self.lab.mac("middle", "lan0") + self.lab.mac("left", "eth0") + b"\x08\x00"

    def send(self, packet, header=None):
        self.sender.send((header or self.header) + packet)


def each_outcome():
    """name -> (packet, verdict, reason, the step that decided)."""
    to = udp(RIGHT)
    return {
        "cut through": (to, "cut-through", None, None),
        "by a route": (udp("200.23.16.9"), "cut-through", None, None),
        "at the end of its life": (udp(RIGHT, ttl=1), "kernel", "ttl", "ttl"),
        "with a wrong checksum": (spoiled(to), "drop", "ip-checksum", "header"),
        "of version 6": (changed(to, 0, b"\x65"), "drop", "ip-version", "header"),
        "too short": (to[:12], "drop", "ip-truncated", "header"),
        "with options": (with_options(to), "kernel", "options", "options"),
        "to everybody": (udp("255.255.255.255"), "kernel", "not-unicast", "destination"),
        "from this system": (udp(RIGHT, src="10.0.2.1"), "kernel", "source-local", "source"),
        "nobody has a route for": (udp("8.8.8.8"), "kernel", "no-route", "route"),
        "for this system": (udp("10.0.1.1"), "kernel", "local", "route"),
        "into a hole": (udp("200.23.20.1"), "drop", "route-blackhole", "route"),
        "to a neighbour who is not there": (udp("10.0.2.77"), "kernel", "unresolved", "next-hop"),
        "back to where it came from": (udp("10.0.1.10", src="10.0.1.11"), "kernel", "same-port", "egress"),
        "too big": (udp(RIGHT, payload=bytes(1400)), "kernel", "too-big", "egress"),
    }


def next_of_ours(trace):
    """The next packet that the left host was made to send: neither ARP, nor what the right one answers."""
    while (told := trace.packet())["port"] != "lan0" or told["headers"][24:28] == "0806":
        pass
    return told


def steps_are_told(tap, net):
    trace = Trace(net.router, "-j")
    for name, (packet, verdict, reason, decided) in each_outcome().items():
        net.send(packet)
        told = next_of_ours(trace)
        steps = [step["step"] for step in told["steps"]]
        wanted = STEPS[:STEPS.index(decided) + 1] if decided else STEPS
        passed = [step["passed"] for step in told["steps"]]
        check(tap, f"a packet {name}: {verdict}{f', {reason}' if reason else ''}",
              (told["verdict"], told["reason"], told["port"], told["door"]) == (verdict, reason, "lan0", door), told)
        check(tap, f"a packet {name}: the steps up to {decided or 'the last'}",
              steps == wanted and passed == [True] * (len(steps) - bool(decided)) + [False] * bool(decided), told)
        check(tap, f"a packet {name}: its headers as they were",
              bytes.fromhex(told["headers"]) == (net.header + packet)[:len(told["headers"]) // 2] and
              len(told["headers"]) // 2 >= min(42, len(packet) + 14), told["headers"])
        if verdict == "cut-through":
            says = {step["step"]: step["says"] for step in told["steps"]}
            check(tap, f"a packet {name}: where it went", (told["interface"], told["next_hop"]) == ("lan1", RIGHT) and
                  says["ttl"] == "64" and RIGHT in says["next-hop"] and "of at most 1400" in says["egress"], told)
    net.send(b"nothing at all", net.header[:12] + b"\x88\xb5")
    told = next_of_ours(trace)
    check(tap, "what is not IPv4", (told["verdict"], told["reason"], told["steps"][-1]["step"]) ==
          ("kernel", "not-ipv4", "frame") and "source" not in told, told)
    if door == "xdp":
        net.send(udp(RIGHT), b"\x02\0\0\0\0\x77" + net.header[6:])
        told = next_of_ours(trace)
        check(tap, "what is for somebody else", (told["reason"], told["steps"][-1]["step"]) == ("not-ours", "frame"), told)
    trace.stop()


def only_what_is_asked_for(tap, net):
    for words, wanted in (
            (["udp", "to", RIGHT, "port", "1000-1010"], [1000, 1010]),
            (["from", "10.0.1.0/24", "udp", "to", "any", "port", "1011"], [1011]),
            (["in", "lan0", "udp", "dscp", "ef"], [1012]),
            (["kernel", "udp"], [1013]),
            (["reason", "ttl"], [1013]),
            (["drop"], [1014]),
            (["drop", "reason", "ip-checksum", "udp"], [1014]),
            (["cut-through", "udp", "to", "200.23.16.0/20"], [1015]),
            (["protocol", "17", "in", "lan1"], [])):
        trace = Trace(net.router, "-j", *words)
        for port in (1000, 1010, 1011):
            net.send(udp(RIGHT, port))
        net.send(changed(udp(RIGHT, 1012), 1, b"\xb8"))
        net.send(udp(RIGHT, 1013, ttl=1))
        net.send(spoiled(udp(RIGHT, 1014)))
        net.send(udp("200.23.16.9", 1015))
        told = [trace.packet() for _ in wanted]
        rest, said = trace.stop()
        ports = [packet.get("destination_port") for packet in told + [json.loads(line) for line in rest.splitlines()]]
        check(tap, f"trace {' '.join(words)}", ports == wanted and not said, ports, wanted, said)
    trace = Trace(net.router, "-j", "-c", "2", "udp")
    for port in (1, 2, 3):
        net.send(udp(RIGHT, port))
    told, said = trace.process.communicate(timeout=60)
    check(tap, "so many, and then it ends", len(told.splitlines()) == 2 and not trace.process.returncode, told, said)
    for words, complaint in ((["udp", "from", "10.0.1.300"], "match: 'udp from 10.0.1.300': character 17"),
                             (["in", "lan7"], "in lan7: expected a port"), (["reason", "weather"], "reason: expected"),
                             (["drop", "reason", "ttl"], "reason: expected")):
        result = net.router.fairlead("trace", *words, check=False)
        check(tap, f"trace {' '.join(words)}: what is wrong", result.returncode == 1 and complaint in result.stderr,
              result.stderr)
    for words in (["-c"], ["-c", "0"], ["reason"]):
        result = net.router.fairlead("trace", *words, check=False)
        check(tap, f"trace {' '.join(words)}: how it is used", result.returncode == 2, result.stderr)


def people_can_read_it(tap, net):
    trace = Trace(net.router, "-c", "1", "reason", "ttl")
    net.send(udp(RIGHT, ttl=1))
    said = trace.process.communicate(timeout=60)[0]
    check(tap, "people can read it",
          re.search(r"\.\d{6}  lan0 \(\w+\)  10\.0\.1\.10 > 10\.0\.2\.10  udp 4000 > 53  54 bytes\n", said)
          and "\n  ttl          1\n  kernel       ttl: the time to live ends here\n" in said, said)


def flood(net):
    """Hand over many packets at once."""
    frame = net.header + udp(RIGHT)

    def send():
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
            raw.bind(("eth0", 0))
            for _ in range(FLOOD):
                hand_over(raw, frame)
    net.lab.inside("left", send)


def what_comes_too_fast_is_counted(tap, net):
    before = net.router.counters()["lan0"]
    trace = Trace(net.router, "-j", "udp")
    flood(net)
    cut = lambda: net.router.counters()["lan0"]["cut"]  # noqa: E731
    until(lambda: cut() == cut(), "all of it is through")
    net.send(udp(RIGHT, 9999))
    told = [trace.packet()]
    while told[-1]["destination_port"] != 9999:
        told.append(trace.packet())
    _, said = trace.stop()
    lost = sum(int(count) for count in re.findall(r"(\d+) packets came too fast", said))
    now = net.router.counters()["lan0"]
    check(tap, "what comes too fast is counted: together they are as many as the door has cut through",
          len(told) + lost == now["cut"] - before["cut"] > FLOOD / 2 and lost, len(told), lost, before, now)


def until_there_is_room(net, what):
    """A trace that could not have begun before."""
    traces = []

    def begins():
        traces.append(Trace(net.router, "-j", "udp"))
        return not traces[-1].refused
    until(begins, what)
    return traces[-1]


def a_few_at_a_time(tap, net):
    traces = [Trace(net.router, "-j", "udp") for _ in range(TRACES)]
    refused = Trace(net.router, "-j").refused
    check(tap, f"{TRACES} at a time", f"there are {TRACES} traces already" in refused, refused)
    net.send(udp(RIGHT, 7))
    check(tap, "each of which is told", [trace.packet()["destination_port"] for trace in traces] == [7] * TRACES)
    traces[0].process.kill()
    traces[0] = until_there_is_room(net, "a client that is killed leaves room")
    (listener,) = roles(net.router.process.pid, "manage")
    sessions = children(listener)
    check(tap, "each has a session", len(sessions) == TRACES, sessions)
    os.kill(sessions[0], signal.SIGKILL)
    left = until_there_is_room(net, "so does a session that is killed")
    (pid,) = roles(net.router.process.pid, "engine")
    os.kill(pid, signal.SIGKILL)
    line = left.process.stderr.readline()
    check(tap, "an engine that is killed is told of", "the engine has been restarted" in line, line)
    net.send(udp(RIGHT, 8))
    check(tap, "and the next one goes on", left.packet()["destination_port"] == 8)
    for trace in [*traces, left]:
        trace.process.kill()


def nobody_else_may(tap, net):
    os.chmod(net.router.directory, 0o755)
    result = net.lab.on("middle", "setpriv", "--reuid", str(OUTSIDER), "--clear-groups", net.router.client, "-s",
                        net.router.socket, "trace", check=False)
    check(tap, "nobody but the administrator may", result.returncode == 1 and "(403)" in result.stderr, result.stderr)


def main(tap):
    net = Net(tap)
    steps_are_told(tap, net)
    only_what_is_asked_for(tap, net)
    people_can_read_it(tap, net)
    what_comes_too_fast_is_counted(tap, net)
    a_few_at_a_time(tap, net)
    nobody_else_may(tap, net)
    check(tap, "it stops in order", net.router.stop() == 0, *net.router.log)


run_in_lab(main)
