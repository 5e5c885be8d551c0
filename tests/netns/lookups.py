#!/usr/bin/env python3
"""What `fairlead route` says against `ip route get`: lookups.py SOURCE_ROOT BUILD_ROOT [TABLE]

20,000 random and nested routes are put into the kernel while the daemon runs, changed, and removed; static routes of the
configuration are among them. After each step both are asked at 10,000 addresses, at prefix edges and random ones.

TABLE is a file of prefixes, a line each, packed or not: then all of them are put in, both are asked at 100,000 addresses, the
FIB is held against the reference trie at both edges of every prefix, and an audit has nothing to say.
"""
import gzip
import os
import re
import subprocess
import sys

source, build = sys.argv[1:3]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab, enter  # noqa: E402
from mirror import Mirror  # noqa: E402
from random_routes import OBJECTS, Routes  # noqa: E402
from ready import skip_unless_possible, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from talk import Talk  # noqa: E402
from tap import Tap  # noqa: E402

SEED = 4711
MANY = 20000
ADDRESSES = 10000
STATICS = 200  # static routes, some to prefixes that the kernel has routes to as well


def text_of(number):
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def edges(prefix):
    address, length = prefix.split("/")
    first = int.from_bytes(bytes(map(int, address.split("."))), "big")
    last = first | 0xffffffff >> int(length)
    return [first - 1, first, last, last + 1]


class Net:
    def __init__(self, routes):
        self.lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
        self.random = routes.random
        statics = {routes.prefix(): self.random.choice(("10.0.1.10", "10.0.2.10", "10.0.2.77")) for _ in range(STATICS)}
        routes.named += [prefix for prefix in statics for _ in range(20)]  # so that others go to the same
        self.router = Router(self.lab, "middle", build, 'interface "lan0" { }\ninterface "lan1" { }\n' + "".join(
            f'route "{prefix}" {{ via = "{via}" }}\n' for prefix, via in statics.items()))
        self.talk = Talk(self.router.socket)

    def batch(self, lines):
        """What ip says to those that succeed. Some fail: `add` where a static route of ours has metric 0 already."""
        return subprocess.run(["ip", "-n", "middle", "-force", "-batch", "-"], input="\n".join(lines) + "\n", text=True,
                              capture_output=True, check=False, timeout=300).stdout

    def kernel(self, addresses):
        """address -> (gateway, interface), or "local"; those that the kernel does not forward are missing."""
        found = {}
        for line in self.batch([f"route get {address}" for address in addresses]).splitlines():
            if line.startswith("local ") or line.startswith("broadcast "):
                found[line.split()[1]] = "local"
            elif match := re.match(r"([\d.]+) (?:via ([\d.]+) )?dev (\S+)", line):
                found[match[1]] = (match[2], match[3])
        return found

    def follow(self):
        """The daemon has heard of everything: a last route of its own kind has arrived."""
        self.batch(["route add 9.9.9.9/32 dev lan0"])
        while self.talk.ask("route", address="9.9.9.9")["result"]["prefix"] != "9.9.9.9/32":
            pass
        self.batch(["route del 9.9.9.9/32 dev lan0"])
        while self.talk.ask("route", address="9.9.9.9")["result"]["prefix"] == "9.9.9.9/32":
            pass

    def differences(self, prefixes, count=ADDRESSES):
        chosen = self.random.sample(sorted(prefixes), min(len(prefixes), count // 8))
        numbers = {edge for prefix in chosen for edge in edges(prefix)}
        while len(numbers) < count:
            numbers.add(self.random.randint(11 << 24, 127 << 24))
        addresses = [text_of(number) for number in sorted(numbers)]
        self.follow()
        kernel, wrong = self.kernel(addresses), []
        for address in addresses:
            answer = self.talk.ask("route", address=address)["result"]
            want = kernel.get(address)
            ways = [(way["next_hop"], way["interface"]) for way in answer.get("ways", ())]
            if want in ways:  # the kernel chooses one of several
                got = want
            elif ways:
                got = ways
            elif answer["prefix"] is None or answer["type"] in ("blackhole", "unreachable", "prohibit", "other"):
                got = None
            elif answer["type"] == "local":
                got = "local"
            elif answer["interface"] is None:  # a nexthop object that is a blackhole
                got = None
            else:
                got = (answer["via"], answer["interface"])
            if got != want:
                wrong.append(f"{address}: kernel {want}, fairlead {answer}")
        return wrong[:5], len(addresses), len(kernel)


def whole_table(tap, net, path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="ascii") as file:
        prefixes = [line.strip() for line in file]
    net.batch([f"neigh replace 10.0.2.{20 + number} lladdr 02:00:00:00:00:{number:02x} dev lan1 nud permanent"
               for number in range(16)])
    for at in range(0, len(prefixes), 100000):
        net.batch([f"route add {prefix} via 10.0.2.{20 + net.random.randint(0, 15)}" for prefix in prefixes[at:at + 100000]])
    wrong, asked, forwarded = net.differences(prefixes, 100000)
    tap.case(f"a table of {len(prefixes)} ({asked} addresses, {forwarded} of them forwarded)", wrong)
    net.router.configure('interface "lan0" { }\ninterface "lan1" { }\n')  # the mirror knows of no static routes
    net.router.fairlead("reload")
    mirror = Mirror(net.lab, build)
    answer = mirror.ask(f"check {SEED} 100000")
    tap.case(f"the mirror, at both edges of every prefix ({answer})", [] if answer.startswith("ok ") else [answer])
    mirror.end()
    said = net.router.fairlead("audit", check=False)
    tap.case(f"the audit ({said.stdout.strip()})", [] if said.returncode == 0 else [said.stdout, said.stderr])


def main():
    tap = Tap()
    skip_unless_possible(tap)
    enter()
    routes = Routes(SEED)
    net = start_unless_forbidden(tap, lambda: Net(routes))
    print(f"# seed {SEED}")

    def check(name):
        wrong, asked, forwarded = net.differences(set(routes.named))
        tap.case(f"{name} ({asked} addresses, {forwarded} of them forwarded)", wrong)

    check(f"{STATICS} static routes")
    net.batch(OBJECTS)
    net.batch(routes.add(MANY))
    check(f"{len(routes.there)} random routes put in")
    net.batch(routes.change(5000))
    check("5000 replaced")
    net.batch(routes.delete(8000))
    check("8000 deleted")
    net.batch(routes.delete(len(routes.there)))
    check("all deleted")
    installed = net.lab.ip("middle", "route", "show", "proto", "70").stdout.splitlines()
    tap.case("and ours are there still", [] if len(installed) == STATICS else [f"{len(installed)} of {STATICS}"])
    if len(sys.argv) > 3:
        whole_table(tap, net, sys.argv[3])
    tap.case("the daemon stopped in order", [] if net.router.stop() == 0 else net.router.log)
    tap.end()


main()
