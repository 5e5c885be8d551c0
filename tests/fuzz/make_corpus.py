#!/usr/bin/env python3
"""Write the hand-made part of the fuzz corpora: make_corpus.py

validate/REASON.WHAT is an IPv4 packet that is dropped for REASON ("none": it is right); corpus_test.c holds the files to
their names. text/ holds addresses and prefixes. Files that a fuzzer found are added beside them under a name that says
what they showed.
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

for folder, files in (("validate", VALIDATE), ("text", TEXT)):
    os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    for name, data in files.items():
        with open(os.path.join(HERE, folder, name), "wb") as file:
            file.write(data)
