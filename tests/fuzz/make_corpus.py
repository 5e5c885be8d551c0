#!/usr/bin/env python3
"""Write the hand-made part of the fuzz corpora: make_corpus.py

validate/REASON.WHAT is an IPv4 packet that is dropped for REASON ("none": it is right); corpus_test.c holds the files to
their names. text/ holds addresses and prefixes, frame/
whole frames of many kinds, dhcp_message/ messages, dhcp_server/ series of them, dhcp_relay/ what a
relay gets, twamp/ test packets and answers to them. Files that a fuzzer found are added beside them under a name that says what they showed.
"""
import os
import struct

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(src="192.0.2.1", dst="198.51.100.2", version=4, words=None, options=b"", total=None, data=b"\0" * 8,
           flip=0, ttl=64, tos=0, fragment=0):
    address = lambda text: bytes(int(octet) for octet in text.split("."))
    words = 5 + len(options) // 4 if words is None else words
    total = 20 + len(options) + len(data) if total is None else total
    header = struct.pack("!BBHHHBBH", version << 4 | words, tos, total, 0x1234, fragment, ttl, 17, 0)
    header += address(src) + address(dst) + options
    covered = header[: words * 4] if words >= 5 else header
    value = checksum(covered) ^ flip
    return header[:10] + struct.pack("!H", value) + header[12:] + data


VALIDATE = {
    "none.plain": packet(),
    "none.options": packet(options=b"\x94\x04\0\0"),
    "none.most-options": packet(options=b"\x01" * 40),
    "none.no-data": packet(data=b""),
    "none.padded": packet(total=28, data=b"\0" * 26),
    "none.ttl-0": packet(ttl=0),
    "none.ttl-1": packet(ttl=1),
    "none.fragment": packet(fragment=0x2000),
    "none.multicast": packet(dst="224.0.0.5"),
    "none.dhcp-discover": packet(src="0.0.0.0", dst="255.255.255.255"),
    "none.old-broadcast": packet(src="0.0.0.0", dst="0.0.0.0"),
    "none.class-e": packet(dst="240.0.0.1"),
    "ip-truncated.empty": b"",
    "ip-truncated.one-byte": b"\x45",
    "ip-truncated.19-bytes": packet()[:19],
    "ip-truncated.options-missing": packet(options=b"\x01" * 8, data=b"")[:24],
    "ip-version.6": packet(version=6),
    "ip-version.0": packet(version=0),
    "ip-header-length.4": packet(words=4),
    "ip-header-length.0": packet(words=0),
    "ip-checksum.one-bit": packet(flip=1),
    "ip-checksum.complement": packet(flip=0xFFFF),
    "ip-checksum.in-options": packet(options=b"\x01" * 4)[:20] + b"\x01\x01\x01\x02" + b"\0" * 8,
    "ip-length-short.0": packet(total=0),
    "ip-length-short.19": packet(total=19),
    "ip-length-short.inside-options": packet(options=b"\x01" * 8, total=27),
    "ip-length-long.by-one": packet(total=29),
    "ip-length-long.65535": packet(total=65535),
    "ip-source-multicast.ospf": packet(src="224.0.0.5"),
    "ip-source-broadcast.limited": packet(src="255.255.255.255"),
    "ip-source-zero.all": packet(src="0.0.0.0"),
    "ip-source-zero.last": packet(src="0.255.255.255"),
    "ip-source-loopback.unicast": packet(src="127.0.0.1"),
    "ip-source-loopback.multicast": packet(src="127.0.0.1", dst="224.0.0.1"),
    "ip-destination-zero.all": packet(dst="0.0.0.0"),
    "ip-destination-loopback.first": packet(dst="127.0.0.1"),
    "ip-destination-loopback.last": packet(dst="127.255.255.255"),
}



def frame(kind, body, tags=()):
    return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02" + b"".join(struct.pack("!HH", *tag) for tag in tags) + struct.pack("!H", kind) + body


def packet6(data=b"\x03\xe8\0\x50\0\x08\0\0", next_header=17, tos=0, length=None, version=6):
    return (struct.pack("!IHBB", version << 28 | tos << 20 | 0x12345, len(data) if length is None else length, next_header, 64) +
            b"\xfe\x80" + b"\0" * 13 + b"\1" + b"\xfe\x80" + b"\0" * 13 + b"\2" + data)


FRAMES = {
    "ipv4": frame(0x0800, packet()),
    "ipv4-ect0": frame(0x0800, packet(tos=2)),
    "ipv4-ect1-ef": frame(0x0800, packet(tos=46 << 2 | 1)),
    "ipv4-ce": frame(0x0800, packet(tos=3)),
    "ipv4-long": frame(0x0800, packet(data=bytes(range(256)) * 5)),
    "ipv4-options": frame(0x0800, packet(tos=1, options=b"\x94\x04\0\0")),
    "ipv4-options-missing": frame(0x0800, packet(options=b"\1" * 40, data=b"")[:20]),
    "ipv4-header-length-0": frame(0x0800, packet(words=0, tos=2)),
    "ipv4-header-length-15-of-20": frame(0x0800, packet(words=15)),
    "ipv4-wrong-checksum": frame(0x0800, packet(flip=0xFFFF, tos=1)),
    "ipv4-version-6": frame(0x0800, packet(version=6, tos=1)),
    "ipv4-without-ports": frame(0x0800, packet(data=b"\1\2\3")),
    "ipv4-length-long": frame(0x0800, packet(total=65535)),
    "ipv4-length-short": frame(0x0800, packet(total=0)),
    "ipv4-fragment-first": frame(0x0800, packet(fragment=0x2000)),
    "ipv4-fragment-last": frame(0x0800, packet(fragment=0x1fff)),
    "ipv4-19-bytes": frame(0x0800, packet()[:19]),
    "ipv6": frame(0x86dd, packet6()),
    "ipv6-ect1": frame(0x86dd, packet6(tos=0xb9)),
    "ipv6-hop-by-hop": frame(0x86dd, packet6(next_header=0, data=b"\x11\0" + b"\0" * 14)),
    "ipv6-39-bytes": frame(0x86dd, packet6()[:39]),
    "ipv6-length-long": frame(0x86dd, packet6(length=65535)),
    "ipv6-version-4": frame(0x86dd, packet6(version=4, tos=3)),
    "vlan": frame(0x0800, packet(tos=2), [(0x8100, 7)]),
    "vlan-priority": frame(0x86dd, packet6(tos=2), [(0x8100, 0xe000)]),
    "vlan-two": frame(0x0800, packet(tos=2), [(0x88a8, 7), (0x8100, 8)]),
    "vlan-many": frame(0x0800, packet(tos=2), [(0x8100, 7)] * 300),
    "vlan-without-end": frame(0x8100, b"\0"),
    "vlan-without-type": frame(0x8100, b"\0\7"),
    "arp": frame(0x0806, struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + b"\2" * 20),
    "mpls": frame(0x8847, b"\0\1\1\x40" + packet()),
    "pppoe": frame(0x8864, b"\x11\0\0\1\0\x22\0\x21" + packet()),
    "llc": frame(46, b"\xaa\xaa\3\0\0\0\x08\0" + packet()),
    "type-0": frame(0, b"\0" * 46),
    "no-payload": frame(0x0800, b""),
    "13-bytes": frame(0x0800, b"")[:13],
    "empty": b"",
}

TEXT = {
    "address": b"192.0.2.1",
    "address-highest": b"255.255.255.255",
    "octal": b"010.1.2.3",
    "hexadecimal": b"0x7f.0.0.1",
    "three-octets": b"10.0.1",
    "five-octets": b"1.2.3.4.5",
    "one-number": b"3232235777",
    "octet-too-large": b"1.2.3.256",
    "octet-overflow": b"1.2.3.18446744073709551617",
    "zero-byte": b"1.2.3.4\0",
    "space": b" 1.2.3.4 ",
    "not-ascii": "1.2.3.٤".encode(),
    "empty": b"",
    "slash": b"/",
    "prefix": b"10.0.0.0/8",
    "prefix-default": b"0.0.0.0/0",
    "prefix-host": b"10.0.1.77/24",
    "prefix-33": b"10.0.0.0/33",
    "prefix-leading-zero": b"10.0.0.0/08",
    "prefix-two-slashes": b"10.0.0.0/8/8",
    "prefix-no-length": b"10.0.0.0/",
    "mask": b"10.0.0.0/255.0.0.0",
    "mask-with-hole": b"10.0.0.0/255.0.255.0",
    "mask-inverted": b"10.0.0.0/0.0.0.255",
}



# --- DHCP -------------------------------------------------------------------------------------------------------------

def option(code, value=b""):
    return bytes([code, len(value)]) + value


def kind(number):
    return option(53, bytes([number]))


def message(options, op=1, htype=1, hlen=6, hops=0, sname=b"", file=b"", cookie=b"\x63\x82\x53\x63"):
    """dhcp_message/ holds whole messages: what other servers have fallen over is among them."""
    return struct.pack("!BBBBIHHIIII16s64s128s4s", op, htype, hlen, hops, 1, 0, 0, 0, 0, 0, 0, b"\x02\0\0\0\0\x01", sname,
                       file, cookie) + options


END = b"\xff"
DISCOVER, REQUEST, DECLINE, RELEASE, INFORM = kind(1), kind(3), kind(4), kind(7), kind(8)
MESSAGES = {
    "discover": message(DISCOVER + option(50, b"\x0a\0\0\x14") + option(55, b"\1\3\6\x0f") + END + b"\0" * 50),
    "request-with-id": message(REQUEST + option(54, b"\x0a\0\0\1") + option(61, b"\1\2\0\0\0\0\1") + END),
    "bootp-without-cookie": message(b"\0" * 60, cookie=b"\0" * 4),
    "empty": b"",
    "header-only": message(b"")[:236],
    "cookie-only": message(b""),
    "one-byte-of-an-option": message(b"\x35"),
    "length-beyond-the-end": message(DISCOVER + b"\x0c\xff" + b"a" * 20),
    "no-end": message(DISCOVER),
    "only-pads": message(b"\0" * 300),
    "hlen-17": message(DISCOVER + END, hlen=17),
    "hlen-255": message(DISCOVER + END, hlen=255),
    "hlen-0": message(DISCOVER + END, hlen=0),
    "zero-length-name": message(DISCOVER + option(12) + END),
    "zero-length-everything": message(DISCOVER + b"".join(option(code) for code in range(1, 53)) + END),
    "type-twice": message(DISCOVER + DISCOVER + END),
    "type-of-two-bytes": message(option(53, b"\1\1") + END),
    "type-0": message(kind(0) + END),
    "overload-file": message(DISCOVER + option(52, b"\1") + END, file=option(12, b"f") + END),
    "overload-both": message(DISCOVER + option(52, b"\3") + END, file=option(12, b"f") + END, sname=option(12, b"s") + END),
    "overload-of-itself": message(DISCOVER + option(52, b"\3") + END, file=option(52, b"\3") + END,
                                  sname=option(52, b"\1") + END),
    "overload-beyond-its-field": message(DISCOVER + option(52, b"\3") + END, sname=b"\x0c\x40" + b"a" * 62,
                                         file=b"\x0c\x80" + b"a" * 126),
    "overload-not-one-byte": message(DISCOVER + option(52, b"\1\2") + END, file=option(12, b"f") + END),
    "overload-and-an-empty-piece": message(DISCOVER + option(52, b"\1") + option(52), file=option(12, b"f") + END),
    "overload-twice": message(DISCOVER + option(52, b"\1") + option(52, b"\2") + END, file=option(12, b"f") + END),
    "split": message(DISCOVER + option(61, b"a" * 255) + option(12, b"x") + option(61, b"b" * 255) + END),
    "split-into-nothing": message(DISCOVER + option(61) * 200 + END),
    "the-most-pieces": message((DISCOVER + option(82, b"\1\1a") * 700)[:4096 - 240]),
    "too-long": message(DISCOVER + b"\0" * 4000),
    "relay-suboption-beyond-the-end": message(DISCOVER + option(82, b"\1\xffa") + END),
    "relay-suboption-without-length": message(DISCOVER + option(82, b"\1") + END),
    "relay-suboptions-within-suboptions": message(DISCOVER + option(82, b"\1\6\1\4\1\2\1\0\5\4\x0a\0\0\0") + END),
    "name-of-255": message(DISCOVER + option(12, b"a" * 255) + option(81, b"\0\0\0" + b"\x3f" * 252) + END),
    "reply": message(kind(2) + option(54, b"\x0a\0\0\1") + END, op=2),
    "hops-17": message(DISCOVER + END, hops=17),
}

# What servers elsewhere have crashed, hung or leaked on, each as one option of a request: scalars of other lengths than
# their types', labels beyond 63, names that point at themselves, lists that end within an element, options within
# options, texts of characters that names do not have.
HARMFUL = {
    "scalars-over-long": b"".join(option(code, b"\1" * 5) for code in (50, 51, 57, 93, 118)),
    "scalars-cut-short": b"".join(option(code, b"\1") for code in (50, 51, 54, 57, 93, 118)),
    "scalars-empty": b"".join(option(code) for code in (50, 51, 54, 55, 57, 61, 93, 97, 118)),
    "scalars-of-the-largest": option(51, b"\xff" * 4) + option(57, b"\xff" * 2) + option(50, b"\xff" * 4),
    "smallest-message": option(57, b"\0\0") + option(55, bytes(range(1, 120))),
    "fqdn-cut-short": option(81, b"\0\0"),
    "fqdn-without-name": option(81, b"\x05\0\0"),
    "fqdn-label-64": option(81, b"\x05\0\0" + b"\x40" + b"a" * 64 + b"\0"),
    "fqdn-label-beyond-the-end": option(81, b"\x05\0\0" + b"\x3f" + b"a" * 10),
    "fqdn-points-at-itself": option(81, b"\x05\0\0" + b"\xc0\x03"),
    "fqdn-of-255": option(81, b"\x05\0\0" + (b"\x3f" + b"a" * 63) * 3 + b"\0"),
    "fqdn-of-dots": option(81, b"\x01\0\0" + b"." * 100),
    "host-name-of-dots": option(12, b"." * 64),
    "host-name-of-control-characters": option(12, bytes(range(1, 33)) + b"\0\x7f\xff\r\n"),
    "host-name-of-nul": option(12, b"\0" * 20),
    "client-id-of-type-alone": option(61, b"\xff"),
    "client-id-duid-cut-short": option(61, b"\xff\0\0\0\1\0"),
    "user-class-beyond-the-end": option(77, b"\x02ab\xffa"),
    "user-class-of-nothing": option(77, b"\0" * 40),
    "systems-of-odd-length": option(93, b"\0\7\0"),
    "guid-cut-short": option(93, b"\0\7") + option(97, b"\0\1"),
    "search-list-points-at-itself": option(119, b"\xc0\0"),
    "routes-of-a-mask-of-33": option(121, b"\x21\x0a\0\0\0\1\x0a\0\0\1"),
    "vendor-options-within-themselves": option(43, b"\x2b\6\x2b\4\x2b\2\x2b\0"),
    "vendor-class-of-zeros": option(60, b"\0" * 100) + option(124, b"\0\0\0\x09\xff"),
    "relay-info-split-within-a-suboption": option(82, b"\1\6abc") + option(82, b"def\2\1r"),
    "relay-info-empty": option(82),
    "authentication-cut-short": option(90, b"\1\1\0"),
    "leasequery": kind(10),
    "force-renew": kind(9),
}
MESSAGES.update({name: message(DISCOVER * (not name.startswith(("leasequery", "force"))) + options + END)
                 for name, options in HARMFUL.items()})


def step(options, flags=0, wait=0, client=1, hlen=6, giaddr=0, ciaddr=0, link=1):
    """A message of a series, as dhcp_server_fuzz.c describes it."""
    return bytes([flags, wait, client, hlen, giaddr, ciaddr, link, len(options)]) + options


ID = option(54, b"\x0a\0\0\1")


def wanted(last):
    return option(50, b"\x0a\0\0" + bytes([last]))


SERIES = {
    "discover-request": step(DISCOVER + wanted(20)) + step(REQUEST + wanted(20) + ID),
    "whole-life": step(DISCOVER + wanted(20)) + step(REQUEST + wanted(20) + ID) +
                  step(REQUEST, ciaddr=40, flags=2, wait=50) + step(REQUEST + wanted(20), wait=20) +
                  step(RELEASE + ID, ciaddr=40, flags=2) + step(REQUEST + wanted(20) + ID, client=2),
    "two-for-one": step(REQUEST + wanted(20) + ID) + step(REQUEST + wanted(20) + ID, client=2) +
                   step(REQUEST + wanted(20) + ID, client=2, wait=100),
    "declined": step(REQUEST + wanted(20) + ID) + step(DECLINE + wanted(20) + ID) + step(DISCOVER + wanted(20)) +
                step(DISCOVER + wanted(20), client=2, wait=31),
    "undone": step(REQUEST + wanted(20) + ID) + step(REQUEST + wanted(21) + ID, flags=8) +
              step(RELEASE + ID, ciaddr=40, flags=8) + step(REQUEST, ciaddr=40),
    "relayed": step(DISCOVER + option(82, b"\1\1a"), flags=1, giaddr=5) +
               step(REQUEST + option(50, b"\x0a\0\1\x11") + ID + option(82, b"\1\1a"), flags=1, giaddr=5) +
               step(REQUEST + ID, flags=2, ciaddr=35, link=0),
    "bootp": step(b"") + step(b"", client=2) + step(b"", client=3, flags=4),
    "all-clients": b"".join(step(DISCOVER, client=client) for client in range(40)) +
                   b"".join(step(REQUEST + wanted(16 + client % 16) + ID, client=client) for client in range(40)),
    "wandering-client": b"".join(step(REQUEST + wanted(16 + i % 16) + ID) for i in range(40)),
    "one-that-declines-all": b"".join(step(REQUEST + wanted(16 + i) + ID) + step(DECLINE + wanted(16 + i) + ID)
                                      for i in range(16)),
    "configured-anew": step(DISCOVER) + step(REQUEST + wanted(20) + ID, flags=32) + step(DISCOVER, flags=32, wait=200),
    "no-hardware": step(DISCOVER, hlen=0, flags=128) + step(DISCOVER + option(61, b"\xffabc"), hlen=0, flags=128) +
                   step(DISCOVER + option(61, b"a"), hlen=0),
    "long-texts": step(REQUEST + wanted(20) + ID + option(12, b"a" * 200)) + step(REQUEST + option(61, b"b" * 120) +
                  option(61, b"c" * 100), flags=16, ciaddr=40),
    "lists-of-everything": step(DISCOVER + option(55, bytes(range(1, 200))) + option(57, b"\2\x40")) +
                           step(REQUEST + ID + wanted(17) + option(55, bytes([3, 1, 3, 1, 255, 0, 82, 53])), client=2),
    "for-ever": step(REQUEST + wanted(20) + ID + option(51, b"\xff" * 4)) + step(DISCOVER + wanted(20), client=2, wait=255),
    "inform": step(INFORM, ciaddr=60, flags=2) + step(INFORM, flags=2) + step(INFORM, flags=1, giaddr=2, ciaddr=60),
    "other-servers": step(DISCOVER) + step(REQUEST + wanted(20) + option(54, b"\x0a\0\0\x09")) +
                     step(REQUEST + wanted(20) + option(54, b"\x0a\0\0\x05") + option(82, b"\x0b\4\x0a\0\0\x05"), flags=1,
                          giaddr=10),
}

# What is harmful within the limits of a series: as a DISCOVER, and as the REQUEST behind it.
SERIES.update({name: step(DISCOVER + options) + step(REQUEST + wanted(20) + ID + options) + step(REQUEST, ciaddr=40)
               for name, options in HARMFUL.items() if len(options) < 230})


def relayed(message, flags=3, circuit=4, remote=0, hops=16):
    """As dhcp_relay_fuzz.c describes it."""
    return bytes([flags, circuit, remote, hops]) + message


REPLY = message(kind(5) + option(54, b"\x0a\0\0\1") + option(82, b"\1\4cccc") + END, op=2)
RELAYED = {
    "request": relayed(MESSAGES["discover"]),
    "request-with-all": relayed(MESSAGES["discover"], flags=2 + 4 + 8 + 16, circuit=10, remote=10),
    "request-with-the-longest": relayed(MESSAGES["discover"], circuit=253),
    "request-of-a-trusted-switch": relayed(message(DISCOVER + option(82, b"\1\1a") + END), flags=3),
    "request-of-a-distrusted-one": relayed(message(DISCOVER + option(82, b"\1\1a") + END), flags=2),
    "request-without-end": relayed(MESSAGES["no-end"]),
    "request-of-bootp": relayed(MESSAGES["bootp-without-cookie"]),
    "request-without-room": relayed(message(DISCOVER + (option(43, b"a" * 255) * 6)[:1472 - 243] + END)),
    "request-past-its-hops": relayed(MESSAGES["hops-17"], hops=16),
    "reply": relayed(REPLY, flags=2 + 64),
    "reply-with-anothers": relayed(message(kind(5) + option(82, b"\1\1x") + END, op=2), flags=2 + 64),
    "reply-to-one-of-two": relayed(REPLY, flags=2 + 32 + 64),
    "reply-of-pieces": relayed(message(kind(5) + option(82, b"\1\4cc") + option(12, b"h") + option(82, b"cc") + END, op=2),
                               flags=2 + 64),
    "info-in-sname": relayed(message(DISCOVER + option(52, b"\2") + END, sname=option(82, b"\1\1a") + END), flags=2),
}
RELAYED.update({name: relayed(MESSAGES[name]) for name in HARMFUL})


def twamp_time(ns):
    """Nanoseconds since 1970."""
    return struct.pack("!II", 2208988800 + ns // 1000000000, -(-(ns % 1000000000 << 32) // 1000000000))


def twamp_sent(number, ns, padding=27):
    """What twamp_fuzz.c has sent says (number, 1000 + number)."""
    return struct.pack("!I", number) + twamp_time(ns) + b"\0\1" + bytes(padding)


def twamp_reflected(sent, arrived=1500, left=1600, padding=0):
    return sent[:4] + twamp_time(left) + b"\x80\1\0\0" + twamp_time(arrived) + sent[:14] + b"\0\0\xff" + bytes(padding)


TWAMP = {
    "asked": b"\1" + twamp_sent(0, 1000),
    "asked-shortest": b"\1" + twamp_sent(1, 1001, padding=0),
    "asked-too-short": b"\1" + twamp_sent(1, 1001, padding=0)[:13],
    "asked-long": b"\1" + twamp_sent(4, 1004, padding=1458),
    "asked-what-was-never-sent": b"\1" + twamp_sent(5, 1005),
    "answered": b"\0" + twamp_reflected(twamp_sent(2, 1002)),
    "answered-with-padding": b"\0" + twamp_reflected(twamp_sent(2, 1002), padding=100),
    "answered-too-short": b"\0" + twamp_reflected(twamp_sent(2, 1002))[:40],
    "answered-at-another-time": b"\0" + twamp_reflected(twamp_sent(2, 1003)),
    "answered-before-it-came": b"\0" + twamp_reflected(twamp_sent(2, 1002), arrived=4000000000 * 1000000000 % (1 << 61), left=0),
    "answered-what-was-never-sent": b"\0" + twamp_reflected(twamp_sent(4098, 1002)),
}

for folder, files in (("validate", VALIDATE), ("frame", FRAMES), ("text", TEXT), ("dhcp_message", MESSAGES), ("dhcp_server", SERIES),
                      ("dhcp_relay", RELAYED), ("twamp", TWAMP)):
    os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    for name, data in files.items():
        with open(os.path.join(HERE, folder, name), "wb") as file:
            file.write(data)
