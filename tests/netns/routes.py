#!/usr/bin/env python3
"""Routes put into the kernel while src/route follows it: routes.py SOURCE_ROOT BUILD_ROOT

After every batch of changes the mirror (mirror.c) must answer as the kernel does, and as the reference trie, at both
edges of every prefix and at random addresses.
"""
import os
import sys

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab, enter  # noqa: E402
from mirror import Mirror, batch  # noqa: E402
from random_routes import OBJECTS, Routes  # noqa: E402
from ready import skip_unless_possible  # noqa: E402
from tap import Tap  # noqa: E402

SEED = 20261125
MANY = 20000  # routes
ADDRESSES = 10000  # random ones, for each check


def main():
    tap = Tap()
    skip_unless_possible(tap)
    enter()
    lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
    mirror = Mirror(lab, build)
    routes = Routes(SEED)

    def check(name, addresses=ADDRESSES):
        answer = mirror.ask(f"check {SEED} {addresses}")
        tap.case(f"{name} ({answer})", [] if answer.startswith("ok ") else [answer])

    print(f"# seed {SEED}")
    check("as it was at the start")
    batch(OBJECTS)
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
