#!/usr/bin/env python3
"""fairlead-replay over captures made here: replay.py PROGRAM DIRECTORY"""
import json
import os
import struct
import subprocess
import sys
import tempfile
from fractions import Fraction

from tap import Tap

PROGRAM = sys.argv[1]
RATE = 2500000  # bytes a second
ETHERNET = 24  # bytes around a frame
BURST_NS = 1000000


def frame(number, size, flow=0):
    ip = struct.pack(">BBHHHBBHII", 0x45, 0, size - 14, number & 0xffff, 0, 64, 17, 0, 0x0a000001, 0x0a000002)
    total = sum(struct.unpack(">10H", ip))
    ip = ip[:10] + struct.pack(">H", ~(total % 65535) & 0xffff) + ip[12:]
    return b"\2" * 12 + b"\x08\0" + ip + struct.pack(">HHHH", 1000 + flow, 80, size - 34, 0) + bytes([number & 255]) * (size - 42)


def write(path, frames, magic=0xa1b23c4d, link=1, cut=65535):
    """frames: (ns, bytes)."""
    unit = 1 if magic == 0xa1b23c4d else 1000
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 65535, link))
        for at, data in frames:
            kept = data[:cut]
            file.write(struct.pack("<IIII", at // 10**9, at % 10**9 // unit, len(kept), len(data)) + kept)


def read(path):
    with open(path, "rb") as file:
        head = file.read(24)
        assert struct.unpack("<I", head[:4])[0] == 0xa1b23c4d
        frames = []
        while record := file.read(16):
            seconds, ns, kept, _ = struct.unpack("<IIII", record)
            frames.append((seconds * 10**9 + ns, file.read(kept)))
    return frames


class Replay:
    def __init__(self, tap, directory):
        self.tap, self.directory = tap, directory

    def path(self, name):
        return os.path.join(self.directory, name)

    def run(self, shape, frames, *options, **how):
        """(result, frames that left, what was said on standard error)."""
        with open(self.path("conf"), "w", encoding="utf-8") as file:
            file.write(f'interface "wan0" {{ {shape} }}')
        write(self.path("in.pcap"), frames, **how)
        result = subprocess.run([PROGRAM, "-j", "--config", self.path("conf"), *options, "wan0", self.path("in.pcap"),
                                 self.path("out.pcap")], capture_output=True, text=True, check=False, timeout=60)
        if result.returncode:
            return None, [], result.stderr
        said = json.loads(result.stdout)
        return {**said, **said["classes"][0]}, read(self.path("out.pcap")), result.stderr

    def check(self, name, held, *more):
        self.tap.case(name, [] if held else [str(one)[:2000] for one in more] or ["it does not"])


def departures(frames):
    """When the packets of a queue that is first in, first out leave: a shaper may be BURST_NS ahead of its link."""
    due, times = Fraction(0), []
    for at, data in frames:
        times.append(max(Fraction(at), due - BURST_NS, *times[-1:]))
        due = max(due, times[-1]) + Fraction((len(data) + ETHERNET) * 10**9, RATE)
    return times


def at_the_rate(replay):
    begin = 1700000000 * 10**9
    frames = [(begin + i * 300000, frame(i, 60 + i * 37 % 1400)) for i in range(400)]
    result, out, said = replay.run('rate = "20Mbit"  queue "drop-tail" { limit = "1s" }', frames)
    replay.check("everything leaves, as it came", [data for _, data in out] == [data for _, data in frames], said, result)
    off = max((abs(at - wanted) for (at, _), wanted in zip(out, departures(frames))), default=10**9)
    replay.check("at the time at which the link has sent what came before, to a microsecond", off < 1000, off)
    replay.check("what is said of it is right", result and result["arrived"] == result["left"] == 400 and result["missed"] == 0 and
                 abs(result["delay"]["max_us"] - max(at - came for (at, _), (came, _) in zip(out, frames)) / 1000) <= 1, result)
    again, out_again, _ = replay.run('rate = "20Mbit"  queue "drop-tail" { limit = "1s" }', frames, magic=0xa1b2c3d4)
    replay.check("a capture in microseconds does too", again == result and [at for at, _ in out_again] == [at for at, _ in out], again)


def with_drops(replay):
    frames = [(10**9 + i * 1000, frame(i, 1000)) for i in range(50)]
    result, out, _ = replay.run('rate = "1Mbit"  queue "drop-tail" { limit = "10p" }', frames)
    replay.check("what does not fit is dropped, and said", result and result["dropped"] == {"limit": 50 - len(out)} and
                 [data for _, data in out] == [data for _, data in frames[:len(out)]] and len(out) in (11, 12), result, len(out))
    kinds = [replay.run(f'rate = "1Mbit"  queue = "{kind}"', [(10**9 + i * 3000000, frame(i, 1000, i % 3)) for i in range(500)])
             for kind in ("red", "codel", "fq-codel", "dualpi2")]
    replay.check("every kind of queue accounts for all", all(result and result["arrived"] == 500 and result["dropped"] and
                 result["left"] == len(out) == 500 - sum(result["dropped"].values()) for result, out, _ in kinds),
                 [result for result, _, _ in kinds])
    twice = [replay.run('rate = "1Mbit"  queue = "red"', [(10**9 + i * 3000000, frame(i, 1000)) for i in range(500)])[1] for _ in range(2)]
    replay.check("the same twice", twice[0] == twice[1])


def with_contracts(replay):
    """A voice beside a burst of best effort, and more than its contract says."""
    shape = ('rate = "1Mbit"  queue "drop-tail" { limit = "500ms" } } '
             'contract "voice" { out = "wan0"  match = "udp from any port 1001"  rate = "100kbit"  burst = "1kB"  packet = "200B"  delay = "50ms"  excess = "drop"')
    frames = [(10**9 + i * 1000000, frame(i, 1000)) for i in range(30)]
    frames += [(10**9 + 5000000 + i * 25000000, frame(i, 200, 1)) for i in range(20)]
    result, out, said = replay.run(shape, sorted(frames))
    voice = result["contracts"][0]
    replay.check("a contract is kept beside others", voice["contract"] == "voice" and voice["conforming"] == 20 and voice["left"] == 20 and
                 voice["late"] == 0 and 8000 < voice["max_us"] < 20000, result, said)
    result, out, said = replay.run(shape, [(10**9 + i * 1000000, frame(i, 200, 1)) for i in range(100)])
    voice = result["contracts"][0]
    replay.check("and who sends too much loses that", voice["conforming"] + voice["dropped"] == 100 and 5 <= voice["conforming"] <= 12 and
                 len(out) == voice["left"], result, said)


def odd_captures(replay):
    cut = [(10**9 + i * 1000, frame(i, 500)) for i in range(5)]
    result, out, said = replay.run('rate = "1Gbit"', cut, cut=60)
    replay.check("frames that were cut are filled up", [data for _, data in out] == [data[:60] + bytes(440) for _, data in cut], said)
    result, out, said = replay.run('rate = "1Gbit"', [(10**9, frame(0, 500)), (10**9, frame(1, 4000)), (10**9, frame(2, 400))])
    replay.check("one that is too long is left out, and counted", result and result["missed"] == 1 and len(out) == 2, result, said)
    result, out, said = replay.run('rate = "1Gbit"', [(2 * 10**9, frame(0, 500)), (10**9, frame(1, 500))])
    replay.check("time does not go back", [at for at, _ in out] == [2 * 10**9] * 2, out, said)
    result, out, said = replay.run('rate = "1Gbit"', [])
    replay.check("nothing in, nothing out", result and result["arrived"] == 0 and out == [], result, said)
    for name, shape, how, why in (("a capture of something else", 'rate = "1Gbit"', {"link": 101}, "expected a capture of Ethernet"),
                                  ("an interface without a rate", "", {}, "the interface has no rate"),
                                  ("a configuration with an error", 'rate = "1"', {}, "conf:1: rate: '1'"),
                                  ("no capture", 'rate = "1Gbit"', {"magic": 0x12345678}, "unknown file format")):
        result, out, said = replay.run(shape, cut, **how)
        replay.check(f"{name}: it says so", result is None and why in said, result, said)
    write(replay.path("in.pcap"), cut)
    with open(replay.path("in.pcap"), "r+b") as file:
        file.truncate(os.path.getsize(replay.path("in.pcap")) - 10)
    with open(replay.path("conf"), "w", encoding="utf-8") as file:
        file.write('interface "wan0" { rate = "1Gbit" }')
    for arguments, status, why in ((["wan0", replay.path("in.pcap"), replay.path("out.pcap")], 1, "truncated"),
                                   (["wan0", replay.path("in.pcap"), replay.path("in.pcap")], 1, "the same file"),
                                   (["wan7", replay.path("in.pcap"), replay.path("out.pcap")], 1, "there is no such interface"),
                                   (["wan0", "/missing.pcap", replay.path("out.pcap")], 1, "/missing.pcap"),
                                   (["wan0", replay.path("in.pcap"), "/missing/out.pcap"], 1, "/missing/out.pcap"),
                                   (["--mtu", "9000", "wan0", "a", "b"], 2, "expected a number"), (["wan0"], 2, "usage")):
        result = subprocess.run([PROGRAM, "--config", replay.path("conf"), *arguments], capture_output=True, text=True, check=False)
        replay.check(f"{why}: it says so", result.returncode == status and why in result.stderr, result)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as directory:
        replay = Replay(tap, directory)
        at_the_rate(replay)
        with_drops(replay)
        with_contracts(replay)
        odd_captures(replay)
    tap.end()


main()
