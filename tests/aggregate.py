#!/usr/bin/env python3
"""fairlead plan aggregate: aggregate.py SOURCE_ROOT CLIENT

Sets of prefixes come out as ipaddress.collapse_addresses of Python makes them; tables answer every address as before.
"""
import ipaddress
import json
import os
import random
import subprocess
import sys

from tap import Tap

source, client = sys.argv[1:]
sys.path.insert(0, os.path.join(source, "benchmarks/common"))

import intervals  # noqa: E402

SEED = 20261127
tap = Tap()


def aggregate(text, *options):
    return subprocess.run([client, "plan", "aggregate", *options], input=text, check=False, capture_output=True, text=True,
                          timeout=60)


def drawn(draw):
    """As people's: some anywhere, most beside and within one another."""
    base = draw.randrange(1 << 32)
    for _ in range(draw.randrange(1, 200)):
        if draw.random() < .1:
            base = draw.randrange(1 << 32)
        length = draw.choice((draw.randrange(33), draw.randrange(22, 29), 24, 24, 32))
        address = (base + (draw.randrange(16) << 8 if draw.random() < .8 else draw.randrange(4096))) & 0xffffffff
        yield ipaddress.ip_network((address >> (32 - length) << (32 - length), length))


def sets():
    draw, faults, smaller = random.Random(SEED), [], 0
    for _ in range(300):
        prefixes = list(drawn(draw))
        expected = [str(prefix) for prefix in ipaddress.collapse_addresses(prefixes)]
        found = [line for line in aggregate("".join(f"{prefix}\n" for prefix in prefixes), "-").stdout.splitlines() if line[0] != "#"]
        smaller += len(found) < len(set(prefixes))
        if found != expected:
            faults.append(f"{prefixes} became {found}, and not {expected}")
    tap.case(f"300 random sets, seed {SEED}, are as Python collapses them; {smaller} get smaller",
             faults[:3] or ([] if smaller > 100 else ["few get smaller"]))


def routes():
    draw, faults = random.Random(SEED), []
    for i in range(100):
        lines = "".join(f"{prefix} via 10.0.0.{draw.randrange(1, 5)}\n" for prefix in {prefix: 0 for prefix in drawn(draw)})
        for options in ((), ("discards",)):
            out = aggregate(lines, "-", *options).stdout.splitlines()
            after = intervals.read(out)
            if not options and any("blackhole" in to for to in after.values()):
                faults.append(f"{i}: it discards")
            after = {prefix: None if to == "blackhole" else to for prefix, to in after.items()}
            if intervals.of(after) != intervals.of(intervals.read(lines.splitlines())) or len(after) > lines.count("\n"):
                faults.append(f"{i} {options}: {lines} became {after}")
    tap.case("100 random tables answer every address as before", faults[:3])


def by_hand():
    text = """default via 192.0.2.1 dev wan0
10.0.0.0/9 dev  lan0
10.128.0.0/9\tdev lan0   # the other half
blackhole 10.0.0.0/24
192.0.2.9 via 192.0.2.1 dev wan0
"""
    out = aggregate(text, "-").stdout
    expected = ("0.0.0.0/0 via 192.0.2.1 dev wan0\n10.0.0.0/8 dev lan0\nblackhole 10.0.0.0/24\n"
                "# 3 of 5 prefixes, 3 next hops: 40.0 % fewer\n")
    tap.case("lines of ip route are read and written", [] if out == expected else [out])
    found = json.loads(aggregate(text, "-j", "-").stdout)
    tap.case("-j says the same", [] if (found["before"], found["after"], found["next_hops"]) == (5, 3, 3) and
             found["routes"][2] == {"prefix": "10.0.0.0/24", "type": "blackhole", "to": ""} else [str(found)])
    tap.case("what it writes it reads", [] if aggregate(out, "-").stdout.startswith(out.partition("#")[0]) else [out])
    for wrong, said in (("10.0.0.1/8\n", ":1: character 1: "), ("\n\nblackhole\n", ":3: character 10: expected"),
                        ("10.0.0.0/8 x\n10.0.0.0/8 y\n", ":2: 10.0.0.0/8 leads elsewhere in line 1"), ("10.0.0.0/33", ":1: ")):
        answer = aggregate(wrong, "-")
        tap.case(f"{wrong!r} is refused", [] if answer.returncode == 1 and not answer.stdout and said in answer.stderr else
                 [answer.stdout, answer.stderr])


sets()
routes()
by_hand()
tap.end()
