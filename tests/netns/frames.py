#!/usr/bin/env python3
"""Raw frames at an interface: frames.py send IF | frames.py capture IF

send reads frames from standard input, a line of hexadecimal digits each, and says "sent" after each. capture says
"ready" and then prints every frame that arrives, likewise. Sender and Capture run it at an interface of a lab's node.
"""
import errno
import os
import socket
import subprocess
import sys

ETH_P_ALL = 3
PACKET_OUTGOING = 4


def hand_over(raw, frame):
    """Send a frame by a packet socket. A driver that has no room for it just now did not take it; then once more."""
    while True:
        try:
            raw.send(frame)
            return
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            os.sched_yield()


class Sender:
    def __init__(self, lab, node, interface):
        self.process = lab.spawn(node, sys.executable, __file__, "send", interface, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)

    def send(self, frame):
        """Returns when it has been handed over."""
        self.process.stdin.write(frame.hex() + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "sent\n"


class Capture:
    def __init__(self, lab, node, interface):
        """Returns when nothing that arrives from now on is missed."""
        self.process = lab.spawn(node, sys.executable, __file__, "capture", interface, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == "ready\n"

    def frame(self):
        """The next that has arrived; waits for it."""
        line = self.process.stdout.readline()
        if not line:
            raise EOFError("capture ended")
        return bytes.fromhex(line)


def main():
    what, interface = sys.argv[1:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL) if what == "capture" else 0) as raw:
        raw.bind((interface, ETH_P_ALL if what == "capture" else 0))
        if what == "capture":
            print("ready", flush=True)
            while True:
                try:
                    frame, address = raw.recvfrom(65536)
                except OSError as error:
                    if error.errno != errno.ENETDOWN:  # it goes on when the interface is up again
                        raise
                    continue
                if address[2] != PACKET_OUTGOING:
                    print(frame.hex(), flush=True)
        for line in sys.stdin:
            hand_over(raw, bytes.fromhex(line))
            print("sent", flush=True)


if __name__ == "__main__":
    main()
