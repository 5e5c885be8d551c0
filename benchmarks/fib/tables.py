"""Tables of routes to measure with: one that was given, or one made up in the likeness of the Internet's."""
import gzip
import os
import random

from command import number

# How many of 901,899 prefixes of a full table of 2025 have each length; longer ones than /24 are one in a thousand.
LENGTHS = {8: 16, 9: 13, 10: 38, 11: 103, 12: 299, 13: 581, 14: 1203, 15: 2100, 16: 13490, 17: 8235, 18: 13798, 19: 24870,
           20: 42611, 21: 50750, 22: 108623, 23: 96510, 24: 537698, 25: 20, 26: 3, 27: 11, 28: 18, 29: 17, 30: 3, 31: 3, 32: 886}


def read(name):
    """The text of a table, gzipped or not: a line for each prefix."""
    with open(name, "rb") as file:
        data = file.read()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def make_up(count, seed):
    """The same lengths, and as clustered: a third of the prefixes has another one for its neighbour, as announcements have that
    split a block, within allocations of a /14 to a /20 each, all over the unicast addresses."""
    draw = random.Random(seed)
    lengths = draw.choices(list(LENGTHS), weights=list(LENGTHS.values()), k=2 * count)
    found = {}
    base, last, left = 0, 0, 0
    for length in lengths:
        if len(found) == count:
            break
        if not left:
            base = draw.randrange(1 << 24, 224 << 24) & ~0xfff
            left = draw.randrange(4, 120)
            last = base
        left -= 1
        size = 1 << (32 - length)
        addr = last + size if draw.random() < .33 else base + draw.randrange(1 << draw.randrange(12, 19))
        last = addr & ~(size - 1) & 0xffffffff
        found[last, length] = None
    lines = (f"{addr >> 24}.{addr >> 16 & 255}.{addr >> 8 & 255}.{addr & 255}/{length}\n" for addr, length in sorted(found))
    return "".join(lines).encode()


def from_words(words, seed):
    """What the table is called, and its text: --table FILE, or one made up of --prefixes N."""
    name, prefixes = number(words, "--table", ""), number(words, "--prefixes", 900000)
    return (os.path.basename(name), read(name)) if name else (f"made up, {prefixes} prefixes", make_up(prefixes, seed))
