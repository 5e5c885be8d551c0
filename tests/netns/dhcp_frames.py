"""DHCP frames made and read byte by byte, for tests: nothing here comes from the code under test."""
import socket
import struct

from packets import checksum, ipv4

BROADCAST_MAC = b"\xff" * 6
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
FIELDS = ("op", "htype", "hlen", "hops", "xid", "secs", "flags", "ciaddr", "yiaddr", "siaddr", "giaddr")


def addr(text):
    return socket.inet_aton(text)


def udp_frame(data, src_mac, dst_mac=BROADCAST_MAC, src="0.0.0.0", dst="255.255.255.255", sport=68, dport=67):
    length = 8 + len(data)
    pseudo = addr(src) + addr(dst) + struct.pack("!HH", 17, length)
    udp = struct.pack("!HHHH", sport, dport, length, 0) + data
    udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp) or 0xffff) + udp[8:]
    return dst_mac + src_mac + b"\x08\x00" + ipv4(src, dst, udp, socket.IPPROTO_UDP)


def message(mac, options, op=1, htype=1, hlen=6, hops=0, xid=0x1234, secs=0, flags=0, ciaddr="0.0.0.0",
            yiaddr="0.0.0.0", siaddr="0.0.0.0", giaddr="0.0.0.0", pad=300):
    """options: a list of (code, bytes)."""
    data = struct.pack("!BBBBIHH4s4s4s4s16s64s128s4s", op, htype, hlen, hops, xid, secs, flags, addr(ciaddr),
                       addr(yiaddr), addr(siaddr), addr(giaddr), mac, b"", b"", b"\x63\x82\x53\x63")
    for code, value in options:
        data += bytes([code, len(value)]) + value
    data += b"\xff"
    return data + b"\0" * max(0, pad - len(data))


class Reply:
    """A frame from a DHCP server or relay, taken apart. `with_checksum`: of UDP; the kernel makes none for a veth."""

    def __init__(self, frame, with_checksum=True):
        self.frame = frame
        self.dst_mac, self.src_mac = frame[:6], frame[6:12]
        ip = frame[14:]
        assert frame[12:14] == b"\x08\x00" and ip[0] == 0x45 and checksum(ip[:20]) == 0, frame.hex()
        self.src, self.dst = socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20])
        self.ip_bytes = struct.unpack("!H", ip[2:4])[0]
        udp = ip[20:self.ip_bytes]
        self.sport, self.dport, length = struct.unpack("!HHH", udp[:6])
        assert length == len(udp), frame.hex()
        assert not with_checksum or checksum(ip[12:20] + struct.pack("!HH", 17, length) + udp) == 0, "UDP checksum: " + frame.hex()
        self.data = udp[8:]
        values = struct.unpack("!BBBBIHH4s4s4s4s", self.data[:28])
        for name, value in zip(FIELDS, values):
            setattr(self, name, socket.inet_ntoa(value) if isinstance(value, bytes) else value)
        self.chaddr, self.sname, self.file = self.data[28:44], self.data[44:108], self.data[108:236]
        assert self.data[236:240] == b"\x63\x82\x53\x63", frame.hex()
        self.options, at = [], 240
        while self.data[at] != 255:
            code, size = self.data[at], self.data[at + 1]
            self.options.append((code, self.data[at + 2:at + 2 + size]))
            at += 2 + size
        self.padding = self.data[at + 1:]

    def get(self, code):
        return dict(self.options).get(code)

    @property
    def type(self):
        value = self.get(53)
        return value[0] if value else None

    def differences(self, **expected):
        """What is not as expected, for people."""
        return [f"{name} is {getattr(self, name)!r}, not {value!r}" for name, value in expected.items()
                if getattr(self, name) != value]


def is_dhcp(frame, to=None):
    """Whether a captured frame is from a DHCP server's, or relay's, port; to that port."""
    return (len(frame) > 282 and frame[12:14] == b"\x08\x00" and frame[23] == 17 and frame[34:36] == b"\x00\x43" and
            to in (None, int.from_bytes(frame[36:38], "big")))
