"""A host's end of a link, for tests of DHCP: frames sent and captured there."""
from dhcp_frames import DISCOVER, REQUEST, Reply, addr, is_dhcp, message, udp_frame
from frames import Capture, Sender


class Wire:
    def __init__(self, lab, host, mac, server=("middle", "lan0")):
        """`mac` is whom frames come from if nothing else is said; `server`: node and interface at the other end."""
        self.mac = mac
        self.capture = Capture(lab, host, "eth0")
        self.sender = Sender(lab, host, "eth0")
        self.server_mac = lab.mac(*server)

    def send(self, frame):
        self.sender.send(frame)

    def reply(self):
        """The next frame from a DHCP server."""
        while True:
            frame = self.capture.frame()
            if is_dhcp(frame):
                return Reply(frame)

    def ask(self, data, **frame):
        self.send(udp_frame(data, frame.pop("src_mac", self.mac), **frame))
        return self.reply()

    def unanswered(self, data, **frame):
        """Send it, and then something that is answered: the only answer must be to that. What was answered otherwise.
        The second is of a kind that waits in the same row at the server, behind the first: DISCOVERs have one of their
        own."""
        self.send(udp_frame(data, frame.pop("src_mac", self.mac), **frame))
        is_discover = data[240:243] == bytes([53, 1, DISCOVER])
        options = [(53, bytes([DISCOVER]))] if is_discover else [(53, bytes([REQUEST])), (50, addr("192.168.7.7"))]
        probe = message(b"\x02\0\0\0\0\xee", options, xid=0xeeeeeeee, flags=0x8000)
        self.send(udp_frame(probe, b"\x02\0\0\0\0\xee"))
        replies = []
        while not replies or replies[-1].xid != 0xeeeeeeee:
            replies.append(self.reply())
        return [f"answered: {reply.options}" for reply in replies[:-1]]

    def close(self):
        for end in (self.capture, self.sender):
            end.process.kill()
            end.process.wait()
