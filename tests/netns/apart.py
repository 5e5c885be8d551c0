#!/usr/bin/env python3
"""Two routers of one machine: apart.py SOURCE_ROOT BUILD_ROOT

They are in namespaces of their own, where interfaces have the same numbers. What happens at one of them is nothing to
the other.
"""
import os
import sys

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab  # noqa: E402
from observe import check, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

CONFIGURATION = 'interface "lan0" { door = "xdp" }\ninterface "lan1" { door = "xdp" }\n'
LAB = """
host left
host right
router here
router there
link left:eth0=10.0.1.10/24   here:lan0=10.0.1.1/24
link right:eth0=10.0.2.10/24  here:lan1=10.0.2.1/24
link left:eth1=10.1.1.10/24   there:lan0=10.1.1.1/24
link right:eth1=10.1.2.10/24  there:lan1=10.1.2.1/24
route left  10.0.2.0/24 via 10.0.1.1
route right 10.0.1.0/24 via 10.0.2.1
route left  10.1.2.0/24 via 10.1.1.1
route right 10.1.1.0/24 via 10.1.2.1
"""


def polls(lab, host, interface, program):
    lab.on(host, "ip", "link", "set", "dev", interface, "xdp", "object", program, "section", "xdp.frags")


def takes(router):
    return [port["takes_xdp"] for port in router.ask("show", "ports")["ports"]]


def main(tap):
    path = "/run/apart.lab"
    with open(path, "w", encoding="ascii") as file:
        file.write(LAB)
    lab = Lab(path)
    for host in ("left", "right"):  # those of the router there do not: its doors' frames are lost
        polls(lab, host, "eth0", os.path.join(build, "lab/poll.bpf.o"))
    here = start_unless_forbidden(tap, lambda: Router(lab, "here", build, CONFIGURATION))
    until(lambda: takes(here) == [True, True], "the hosts here take frames from XDP doors")
    lab.on("left", "ping", "-n", "-c", "2", "-i", "0.1", "10.0.2.10")
    before = here.counters()
    there = Router(lab, "there", build, CONFIGURATION)
    numbers = [[port["ifindex"] for port in router.ask("show", "ports")["ports"]] for router in (here, there)]
    check(tap, "interfaces have the same numbers in both", numbers[0] == numbers[1], *numbers)
    lab.on("left", "ping", "-n", "-c", "2", "-i", "0.1", "10.1.2.10")
    check(tap, "there, other ends take no frames from XDP doors", takes(there) == [False, False], there.ask("show", "ports"))
    lab.on("left", "ping", "-n", "-c", "10", "-i", "0.02", "10.0.2.10")
    now = here.counters()
    check(tap, "here they do, and all is cut through",
          all(now[port]["cut"] - before[port]["cut"] == 10 and not now[port].get("kernel:xdp-egress")
              for port in ("lan0", "lan1")), before, now)
    check(tap, "and nothing is counted that was lost there", all(now[port]["unsent"] == before[port]["unsent"]
                                                                for port in ("lan0", "lan1")), now)
    check(tap, "both stop in order", here.stop() == 0 and there.stop() == 0, *here.log, *there.log)


run_in_lab(main)
