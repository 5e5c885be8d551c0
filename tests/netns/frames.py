#!/usr/bin/env python3
"""Raw frames at an interface: frames.py send IF | frames.py capture IF

send reads frames from standard input, a line of hexadecimal digits each, and says "sent" after each. capture says
"ready" and then prints every frame that arrives, likewise.
"""
import socket
import sys

ETH_P_ALL = 3
PACKET_OUTGOING = 4


def main():
    what, interface = sys.argv[1:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL) if what == "capture" else 0) as raw:
        raw.bind((interface, ETH_P_ALL if what == "capture" else 0))
        if what == "capture":
            print("ready", flush=True)
            while True:
                frame, address = raw.recvfrom(65536)
                if address[2] != PACKET_OUTGOING:
                    print(frame.hex(), flush=True)
        for line in sys.stdin:
            raw.send(bytes.fromhex(line))
            print("sent", flush=True)


main()
