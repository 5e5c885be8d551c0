#!/usr/bin/env python3
"""Packets that say when they were sent: stamps.py send IF HEADER SRC DST PORT FILE | stamps.py receive IF PORT FILE

send sends UDP datagrams from SRC to DST, behind an Ethernet header of hexadecimal digits, one every 50 us, each with the
time (CLOCK_MONOTONIC, in ns) in it. When they are told to end, both write times into FILE: before and after each was sent, and
those in the ones that have arrived. Stamps runs both in a lab.
"""
import array
import bisect
import signal
import socket
import struct
import subprocess
import sys
import time

from packets import ipv4

EVERY_NS = 50_000
PORT = 9999


class Stamps:
    """A stream of stamped packets from a node to another, until it is asked which have arrived: `sent` are then the times
    before and after each was sent, by the first of them, which is in the packet, and `arrived` is a set of those."""

    def __init__(self, lab, sender, receiver, header, addresses, port=PORT, interface="eth0"):
        self.path = f"/run/stamps-{port}"
        self.receiver = lab.spawn(receiver, sys.executable, __file__, "receive", interface, str(port),
                                  f"{self.path}-arrived",
                                  stdout=subprocess.PIPE)
        assert self.receiver.stdout.readline() == "ready\n"
        self.sender = lab.spawn(sender, sys.executable, __file__, "send", interface, header.hex(), *addresses, str(port),
                                f"{self.path}-sent",
                                stdout=subprocess.PIPE)
        assert self.sender.stdout.readline() == "sending\n"

    def end(self):
        for process in (self.sender, self.receiver):
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        times = self._read("sent")
        self.sent, self.arrived = list(zip(times[::2], times[1::2])), set(self._read("arrived"))

    def between(self, begin, end):
        """The packets that were sent between two times, from the beginning of that to its end: those that have arrived, those
        that have not."""
        first, last = bisect.bisect_left(self.sent, (begin, 0)), bisect.bisect_left(self.sent, (end, 0))
        there = {True: [], False: []}
        for stamp, done in self.sent[first:last]:
            if done <= end:
                there[stamp in self.arrived].append(stamp)
        return there[True], there[False]

    def _read(self, what):
        with open(f"{self.path}-{what}", "rb") as file:
            return array.array("Q", file.read())


def write(path, stamps):
    with open(path, "wb") as file:
        stamps.tofile(file)


def send(interface, header, src, dst, port, path):
    ended, stamps = [], array.array("Q")
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    datagram = struct.pack("!HHHHQ", port, port, 16, 0, 0)
    frame = bytearray(bytes.fromhex(header) + ipv4(src, dst, datagram, 17))
    at = len(frame) - 8
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((interface, 0))
        print("sending", flush=True)
        due = time.monotonic_ns()
        while not ended:
            while (now := time.monotonic_ns()) < due:
                pass
            due = max(due + EVERY_NS, now)
            struct.pack_into("!Q", frame, at, now)
            raw.send(frame)
            stamps.extend((now, time.monotonic_ns()))
    write(path, stamps)


def receive(interface, port, path):
    ended, stamps = [], array.array("Q")
    wanted = struct.pack("!H", port)
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as raw:
        raw.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        raw.bind((interface, 0x0800))
        raw.settimeout(0.1)
        print("ready", flush=True)
        while not ended:
            try:
                frame = raw.recv(2048)
            except TimeoutError:
                continue
            if frame[23] == 17 and frame[36:38] == wanted:
                stamps.append(int.from_bytes(frame[42:50], "big"))
    write(path, stamps)


def main():
    what, interface, *more = sys.argv[1:]
    if what == "send":
        header, src, dst, port, path = more
        send(interface, header, src, dst, int(port), path)
    else:
        port, path = more
        receive(interface, int(port), path)


if __name__ == "__main__":
    main()
