#!/usr/bin/env python3
"""Routes put into the kernel while src/route follows it: routes.py SOURCE_ROOT BUILD_ROOT

After every batch of changes the mirror (mirror.c) must answer as the kernel does, and as the reference trie, at both
edges of every prefix and at random addresses.
"""
import os
import random
import subprocess
import sys

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab, enter  # noqa: E402
from ready import skip_unless_possible  # noqa: E402
from tap import Tap  # noqa: E402

SEED = 20261125
MANY = 20000  # routes
ADDRESSES = 10000  # random ones, for each check
NEXT_HOPS = ["via 10.0.1.10", "via 10.0.1.11", "via 10.0.2.10", "via 10.0.2.77", "dev lan0", "dev lan1"]


class Mirror:
    def __init__(self, lab):
        self.process = lab.spawn("middle", os.path.join(build, "tests/mirror"), stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def ask(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self):
        self.process.stdin.close()
        return self.process.wait(timeout=60)


class Routes:
    """Random prefixes, many of them inside one another, and what has been put into the kernel of them."""

    def __init__(self):
        self.random = random.Random(SEED)
        self.there = {}  # (prefix, metric) -> how it was put there
        self.named = []  # prefixes that were there at some time

    def prefix(self):
        length = self.random.choice([8, 12, 16, 18, 20, 21, 22, 23, 24, 24, 24, 25, 27, 29, 30, 32, 32])
        if self.named and self.random.random() < 0.5:
            base = self.random.choice(self.named)
            address = int.from_bytes(bytes(map(int, base.split("/")[0].split("."))), "big") ^ self.random.getrandbits(9)
        else:
            address = (self.random.randint(11, 126) << 24) | self.random.getrandbits(24)
        address &= 0xffffffff << (32 - length) & 0xffffffff
        if not 11 <= address >> 24 <= 126:
            return self.prefix()
        return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{length}"

    def how(self):
        draw = self.random.random()
        if draw < 0.05:
            return self.random.choice(["blackhole", "unreachable", "prohibit", "throw"]), ""
        if draw < 0.1:
            return "", f"nhid {self.random.randint(1, 4)}"
        if draw < 0.12:
            return "", "nexthop via 10.0.1.10 nexthop via 10.0.2.10"
        return "", self.random.choice(NEXT_HOPS)

    def line(self, verb, key, how):
        prefix, metric = key
        return f"route {verb} {how[0]} {prefix} metric {metric} {how[1]}"

    def add(self, count):
        lines = []
        for _ in range(count):
            key, how = (self.prefix(), self.random.choice([0, 0, 0, 10, 20])), self.how()
            if key not in self.there:
                self.there[key] = how
                self.named.append(key[0])
                lines.append(self.line("add", key, how))
        return lines

    def change(self, count):
        lines = []
        keys = list(self.there)
        for key in self.random.sample(keys, count):
            self.there[key] = self.how()
            lines.append(self.line("replace", key, self.there[key]))
        return lines

    def delete(self, count):
        lines = []
        for key in self.random.sample(list(self.there), count):
            lines.append(self.line("del", key, self.there.pop(key)))
        return lines


def main():
    tap = Tap()
    skip_unless_possible(tap)
    enter()
    lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
    mirror = Mirror(lab)
    routes = Routes()

    def batch(lines):
        result = subprocess.run(["ip", "-n", "middle", "-batch", "-"], input="\n".join(lines) + "\n", text=True,
                                capture_output=True, check=False, timeout=120)
        if result.returncode:
            raise RuntimeError(result.stderr[:500])

    def check(name, addresses=ADDRESSES):
        answer = mirror.ask(f"check {SEED} {addresses}")
        tap.case(f"{name} ({answer})", [] if answer.startswith("ok ") else [answer])

    print(f"# seed {SEED}")
    check("as it was at the start")
    batch([f"nexthop add id {number} via {gateway}" for number, gateway in
           ((1, "10.0.1.10 dev lan0"), (2, "10.0.2.10 dev lan1"), (3, "10.0.2.99 dev lan1"))] +
          ["nexthop add id 4 blackhole"])
    batch(routes.add(MANY))
    check(f"{len(routes.there)} random routes put in")
    batch(routes.change(5000))
    check("5000 replaced")
    batch(["nexthop replace id 1 via 10.0.2.55 dev lan1", "nexthop replace id 4 via 10.0.1.44 dev lan0",
           "nexthop replace id 3 dev lan0"])
    check("nexthop objects replaced under their routes")
    batch(routes.delete(7000) + routes.add(3000))
    check("7000 deleted, 3000 put in")

    # The same prefix and metric several times: the kernel takes the first, and deletes the one that is named.
    batch(["route add 150.1.0.0/16 via 10.0.1.10", "route append 150.1.0.0/16 via 10.0.2.10",
           "route prepend 150.1.0.0/16 via 10.0.1.77", "route add 150.1.0.0/16 via 10.0.2.3 metric 5"])
    check("appended and prepended", 0)
    batch(["route del 150.1.0.0/16 via 10.0.1.77"])
    check("the first of several deleted", 0)
    batch(["route replace 150.1.0.0/16 via 10.0.2.88"])
    check("the first of several replaced", 0)
    batch(["route add 150.2.0.0/16 via 10.0.1.10 tos 0x10", "route add 150.2.0.0/16 via 10.0.2.10",
           "route add 150.3.0.0/16 via 10.0.1.10 mtu 1300", "route add 150.3.0.0/24 dev lan1 scope link"])
    check("TOS, MTU, scope", 0)

    # Neighbours in attached subnets, and routes that take them away and give them back.
    batch([f"neigh add 10.0.1.{host} lladdr 02:00:00:00:00:{host:02x} dev lan0 nud permanent" for host in range(20, 60)] +
          ["neigh add 150.3.0.7 lladdr 02:00:00:00:01:07 dev lan1", "neigh add 10.0.1.21 lladdr 02:00:00:00:01:01 dev lan1"])
    check("neighbours")
    batch(["route add 10.0.1.16/28 via 10.0.2.10", "route add 10.0.1.40/32 via 10.0.2.10", "route add blackhole 10.0.1.41"])
    check("more specific routes over neighbours")
    batch(["route del 10.0.1.16/28", "route del 10.0.1.40/32", "route del blackhole 10.0.1.41",
           "neigh del 10.0.1.30 dev lan0"])
    check("and away again")

    # What the kernel does without telling.
    batch(["nexthop del id 2", "nexthop del id 1"])
    check("nexthop objects deleted, their routes with them")
    batch(["link set lan1 down"])
    check("a link down: its routes went silently")
    batch(["link set lan1 up"])
    check("and up again")
    batch(["addr add 10.0.9.1/24 dev lan0", "route add 151.0.0.0/16 via 10.0.1.10 src 10.0.9.1"])
    check("an address")
    batch(["addr del 10.0.9.1/24 dev lan0"])
    check("an address deleted, the routes that preferred it with it")
    batch(["link set lan0 down", "link set lan1 down"])
    check("both links down")
    tap.case("the mirror ended cleanly", [] if mirror.end() == 0 else ["it did not"])
    tap.end()


main()
