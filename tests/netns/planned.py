#!/usr/bin/env python3
"""A configuration that takes its addresses from the plan, and the plan held against what is in use: planned.py SOURCE_ROOT BUILD_ROOT"""
import json
import os
import re
import subprocess
import sys

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab  # noqa: E402
from observe import check, roles, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

BEFORE = 'interface "lan0" { address = "10.0.1.1/24" }\ninterface "lan1" { address = "10.0.2.1/24" }\n'
PLANNED = """interface "lan0" {
    subnet = "plan:site/lan0"
    dhcp { pool = "plan:site/lan0/pool"  domain-name-servers = "plan:resolver" }
}
interface "lan1" { address = "plan:site/lan1/router" }
route "plan:site" { type = "blackhole"  preference = 254 }
"""


def addresses(lab):
    """Of each port, as the kernel has them, but for those that the lab gave it."""
    return {port: [one for one in re.findall(r"inet ([0-9.]+/[0-9]+)", lab.ip("middle", "-4", "-o", "addr", "show", "dev", port).stdout)
                   if not one.startswith("10.0.")] for port in ("lan0", "lan1")}


def takes_them_from_the_plan(tap, lab, router):
    for words in (("add", "10.8.0.0/16", "block", "name", "site"),
                  ("add", "10.8.1.0/24", "name", "site/lan0"), ("add", "10.8.1.100-10.8.1.199", "name", "site/lan0/pool"),
                  ("add", "10.8.1.53", "name", "resolver"),
                  ("add", "10.8.2.0/25", "name", "site/lan1"), ("add", "10.8.2.7", "name", "site/lan1/router")):
        router.fairlead("plan", *words)
    router.configure(PLANNED)
    router.fairlead("reload")
    has = addresses(lab)
    check(tap, "ports have the addresses of the plan, with the lengths of their subnets",
          has == {"lan0": ["10.8.1.1/24"], "lan1": ["10.8.2.7/25"]}, has)
    until(lambda: roles(router.process.pid, "dhcp"), "DHCP is served")
    lab.ip("left", "addr", "flush", "dev", "eth0")
    got = lab.dhclient("left")
    check(tap, "a client gets an address of the planned pool", got in [f"10.8.1.{n}" for n in range(100, 200)], got)
    with open("/run/left.leases", encoding="utf-8") as file:
        leases = file.read()
    check(tap, "and the planned server's address", "option domain-name-servers 10.8.1.53;" in leases, leases)
    route = [one for one in router.ask("show", "routes")["routes"] if one["prefix"] == "10.8.0.0/16"]
    check(tap, "the block is routed", [(one["type"], one["source"]) for one in route] == [("blackhole", "static")], route)


def disagreements(router):
    """Exit status, and {(finding, what, range)} of plan check."""
    found = router.fairlead("plan", "check", "-j", check=False)
    return found.returncode, {(one["finding"], one["what"], one["range"]) for one in json.loads(found.stdout)["findings"]}


def is_held_against_what_is_in_use(tap, lab, router):
    """Addresses that the system gave ports are used too."""
    systems = {("unplanned", "subnet", "10.0.1.0/24"), ("unplanned", "address", "10.0.1.1"),
               ("unplanned", "subnet", "10.0.2.0/24"), ("unplanned", "address", "10.0.2.1")}
    routers = ("unplanned", "address", "10.8.1.1")
    found = disagreements(router)
    check(tap, "what nobody planned is found", found == (1, systems | {routers}), found)
    for words in (("10.0.0.0/16", "block"), ("10.0.1.0/24",), ("10.0.1.1",), ("10.0.2.0/24",), ("10.0.2.1",), ("10.8.1.1",)):
        router.fairlead("plan", "add", *words)
    found = router.fairlead("plan", "check")
    check(tap, "when all is planned there are none", re.fullmatch(
        r"0 disagreements: 12 nodes of the plan, \d+ uses of addresses\n", found.stdout), found.stdout)

    lab.ip("middle", "route", "add", "10.8.9.0/24", "via", "10.8.1.100", "metric", "5")
    router.fairlead("plan", "add", "10.8.7.0/24", "name", "lonely", "contract", "gold")
    router.fairlead("plan", "resize", "site/lan0/pool", "10.8.1.100-10.8.1.150")
    router.fairlead("plan", "add", "10.8.1.180", "name", "television")
    router.fairlead("plan", "free", "resolver")
    router.fairlead("lease", "reserve", "10.8.1.53", "02:00:00:00:00:99")
    expected = {("unplanned", "route", "10.8.9.0/24"), ("no-contract", "subnet", "10.8.7.0/24"), ("unused", "subnet", "10.8.7.0/24"),
                ("overlap", "pool", "10.8.1.100-10.8.1.199"), ("unplanned", "reservation", "10.8.1.53")}
    leased = {f"10.8.1.{n}" for n in range(151, 200)} & {one["address"] for one in router.ask("show", "leases")["leases"]}
    expected |= {("unplanned", "lease", one) for one in leased}
    until(lambda: disagreements(router) == (1, expected), f"the routes are known: {disagreements(router)} is {expected}")
    lines = router.fairlead("plan", "check", check=False).stdout.splitlines()
    check(tap, "and it says what is in the way",
          "overlap      pool 10.8.1.100-10.8.1.199 (lan0) overlaps host 10.8.1.180 (television)" in lines, *lines)
    lab.ip("middle", "route", "del", "10.8.9.0/24")
    for _ in range(4):
        router.fairlead("plan", "undo")
    router.fairlead("lease", "unreserve", "10.8.1.53")
    until(lambda: disagreements(router) == (0, set()), f"all is as before: {disagreements(router)}")
    check(tap, "what is mended is not found any more", True)


def discards(router):
    """{prefix: whether it is the best} of the routes that discard."""
    return {one["prefix"]: one["best"] for one in router.ask("show", "routes")["routes"]
            if one["type"] == "blackhole" and one["preference"] == 254}


def is_announced(tap, lab, router):
    """A part of a provider's block has moved to another provider."""
    for words in (("200.23.16.0/20", "block", "provider", "fly-by-night"), ("200.23.16.0/23", "block"),
                  ("200.23.18.0/23", "block", "provider", "isps-r-us"), ("200.23.20.0/24", "block", "provider", "isps-r-us"),
                  ("200.23.21.0/24", "block", "provider", "isps-r-us"), ("172.20.0.0/16", "block", "provider", "lab")):
        router.fairlead("plan", "add", *words)
    announced = router.ask("plan", "announce")["announcements"]
    around = {"provider": "fly-by-night", "prefix": "200.23.16.0/20"}
    check(tap, "each provider is told what is reached by it", [tuple(one.values()) for one in announced] == [
        ("fly-by-night", "200.23.16.0/20", None, True, False), ("isps-r-us", "200.23.18.0/23", around, True, False),
        ("isps-r-us", "200.23.20.0/23", around, True, False), ("lab", "172.20.0.0/16", None, False, False)], announced)
    lines = router.fairlead("plan", "announce", "isps-r-us").stdout.splitlines()
    check(tap, "in words too", len(lines) == 3 and lines[1].split(maxsplit=2) == [
        "isps-r-us", "200.23.18.0/23", "more specific than 200.23.16.0/20 of fly-by-night, no discard route"], *lines)
    router.configure(PLANNED + "plan { discard = true }\n")
    router.fairlead("reload")
    expected = {one["prefix"]: True for one in announced} | {"10.8.0.0/16": True}
    until(lambda: discards(router) == expected, f"what is announced is discarded where nothing leads: {discards(router)}")
    check(tap, "which is seen", all(one["discarded"] for one in router.ask("plan", "announce")["announcements"]))
    lab.ip("middle", "route", "add", "200.23.18.0/23", "via", "10.8.1.100", "metric", "5")
    until(lambda: discards(router) == {**expected, "200.23.18.0/23": False}, f"a route of the kernel's is better: {discards(router)}")
    lab.ip("middle", "route", "del", "200.23.18.0/23", "via", "10.8.1.100", "metric", "5")


def check_configuration(router, *options):
    return subprocess.run([router.program, "--check", router.path, *options], check=False, capture_output=True, text=True,
                          timeout=30)


def follows_at_reload(tap, lab, router):
    router.fairlead("plan", "move", "site/lan1", "10.8.3.0")
    has = addresses(lab)
    check(tap, "what the plan says holds from the next reload on", has["lan1"] == ["10.8.2.7/25"], has)
    router.fairlead("reload")
    has = addresses(lab)
    check(tap, "then it holds", has["lan1"] == ["10.8.3.7/25"], has)
    router.fairlead("plan", "free", "site/lan1", "all")
    refused = router.fairlead("reload", check=False)
    check(tap, "a name that is gone is refused, with its place", refused.returncode == 1 and
          f"{router.path}:5: address: 'plan:site/lan1/router': the address plan has no node of that name" in refused.stderr,
          refused.stderr)
    has = addresses(lab)
    check(tap, "and all stays", has == {"lan0": ["10.8.1.1/24"], "lan1": ["10.8.3.7/25"]}, has)
    found = check_configuration(router, "--state-directory", router.state)
    check(tap, "--check says it too", found.returncode == 1 and ":5: address: 'plan:site/lan1/router'" in found.stderr, found.stderr)
    found = check_configuration(router, "--state-directory", "/run/nowhere")
    check(tap, "without a plan nothing is known", found.returncode == 1 and found.stderr.count("has no node of that name") == 5,
          found.stderr)
    lab.ip("middle", "addr", "del", "10.8.3.7/25", "dev", "lan1")
    _, found = disagreements(router)
    check(tap, "an address that the kernel has lost is found", ("absent", "address", "10.8.3.7") in found, found)


def starts_nevertheless(tap, lab, router):
    """A router that does not start because of the plan is of no use to whoever would mend the plan."""
    check(tap, "it stops with status 0", router.stop() == 0, *router.log)
    router.log.clear()
    router.start()
    has = addresses(lab)
    check(tap, "it starts with what was in force", has == {"lan0": ["10.8.1.1/24"], "lan1": ["10.8.3.7/25"]}, has, *router.log)
    said = [line for line in router.log if "site/lan1/router" in line]
    check(tap, "and says so", said == [f"{router.path}: 'plan:site/lan1/router': the address plan does not say it any more: "
                                       "10.8.3.7, as it was"], *router.log)
    check(tap, "it stops again", router.stop() == 0, *router.log)
    with open(f"{router.state}/plan.db", "r+b") as file:
        file.truncate(100)
    for name in ("plan.db-wal", "plan.db-shm"):
        if os.path.exists(f"{router.state}/{name}"):
            os.unlink(f"{router.state}/{name}")
    router.log.clear()
    router.start()
    has = addresses(lab)
    check(tap, "a damaged plan does not keep it from starting either", has == {"lan0": ["10.8.1.1/24"], "lan1": ["10.8.3.7/25"]}, has,
          *router.log)
    check(tap, "nor from discarding what was announced", len(discards(router)) == 5, discards(router))
    check(tap, "which it says", any("plan.db: " in line for line in router.log), *router.log)
    refused = router.fairlead("reload", check=False)
    check(tap, "a reload is refused", refused.returncode == 1 and "plan.db: " in refused.stderr, refused.stderr)
    router.configure(BEFORE)
    router.fairlead("reload")
    has = addresses(lab)
    check(tap, "a configuration without names needs no plan", has == {"lan0": [], "lan1": []}, has)
    check(tap, "nor is anything kept for it", not os.path.exists(f"{router.state}/planned.conf"), os.listdir(router.state))


def all_cases(tap):
    lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
    router = start_unless_forbidden(tap, lambda: Router(lab, "middle", build, BEFORE))
    until(lambda: roles(router.process.pid, "plan"), "the planner is there")
    takes_them_from_the_plan(tap, lab, router)
    is_held_against_what_is_in_use(tap, lab, router)
    is_announced(tap, lab, router)
    follows_at_reload(tap, lab, router)
    starts_nevertheless(tap, lab, router)
    check(tap, "the router stops with status 0", router.stop() == 0, *router.log)


run_in_lab(all_cases)
