"""A host's end of a link, for tests of DHCP: frames sent and captured there."""
import os
import subprocess
import sys

from dhcp_frames import DISCOVER, Reply, is_reply, message, udp_frame

FRAMES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "frames.py")


class Wire:
    def __init__(self, lab, host, mac, server=("middle", "lan0")):
        """`mac` is whom frames come from if nothing else is said; `server`: node and interface at the other end."""
        self.mac = mac
        self.capture = lab.spawn(host, sys.executable, FRAMES, "capture", "eth0", stdout=subprocess.PIPE)
        assert self.capture.stdout.readline() == "ready\n"
        self.sender = lab.spawn(host, sys.executable, FRAMES, "send", "eth0", stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE)
        self.server_mac = lab.mac(*server)

    def send(self, frame):
        self.sender.stdin.write(frame.hex() + "\n")
        self.sender.stdin.flush()
        assert self.sender.stdout.readline() == "sent\n"

    def reply(self):
        """The next frame from a DHCP server."""
        while True:
            frame = bytes.fromhex(self.capture.stdout.readline())
            if is_reply(frame):
                return Reply(frame)

    def ask(self, data, **frame):
        self.send(udp_frame(data, frame.pop("src_mac", self.mac), **frame))
        return self.reply()

    def unanswered(self, data, **frame):
        """Send it, and then something that is answered: the only answer must be to that. What was answered otherwise."""
        self.send(udp_frame(data, frame.pop("src_mac", self.mac), **frame))
        probe = message(b"\x02\0\0\0\0\xee", [(53, bytes([DISCOVER]))], xid=0xeeeeeeee, flags=0x8000)
        self.send(udp_frame(probe, b"\x02\0\0\0\0\xee"))
        replies = []
        while not replies or replies[-1].xid != 0xeeeeeeee:
            replies.append(self.reply())
        return [f"answered: {reply.options}" for reply in replies[:-1]]

    def close(self):
        for process in (self.capture, self.sender):
            process.kill()
            process.wait()
