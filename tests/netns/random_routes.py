"""Random routes for tests, and the commands that put them into the kernel."""
import random

NEXT_HOPS = ["via 10.0.1.10", "via 10.0.1.11", "via 10.0.2.10", "via 10.0.2.77", "dev lan0", "dev lan1"]
# Those that "nhid" names below; the lab's router has these neighbours.
OBJECTS = ["nexthop add id 1 via 10.0.1.10 dev lan0", "nexthop add id 2 via 10.0.2.10 dev lan1",
           "nexthop add id 3 via 10.0.2.99 dev lan1", "nexthop add id 4 blackhole", "nexthop add id 5 group 1/2,3"]


class Routes:
    """Random prefixes, many of them inside one another, and what has been put into the kernel of them."""

    def __init__(self, seed):
        self.random = random.Random(seed)
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
            return "", f"nhid {self.random.randint(1, 5)}"
        if draw < 0.12:
            return "", f"nexthop via 10.0.1.10 nexthop via 10.0.2.10 weight {self.random.randint(1, 3)}"
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
