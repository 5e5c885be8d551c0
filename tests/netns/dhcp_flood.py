#!/usr/bin/env python3
"""More clients than can be served: dhcp_flood.py SOURCE_ROOT BUILD_ROOT

Those who have leases renew them, whatever strangers send; strangers are served now and then; and it ends by itself.
"""
import os
import re
import signal
import sys

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, folder) for folder in ("tests", "tests/netns", "lab", "benchmarks/dhcp")]

from dhcp_frames import ACK, DISCOVER, OFFER, REQUEST, addr, message  # noqa: E402
from lab import Lab  # noqa: E402
from load import KNOWN_BASE, Load, import_known  # noqa: E402
from observe import check, status_of, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from servers import SERVER  # noqa: E402
from wire import Wire  # noqa: E402

CONFIGURATION = 'interface "lan0" { dhcp { pool = "10.1.0.0/16"  lease = 2h  conflict-check = false } }\n'
KNOWN = 100
NEW = b"\x02\0\0\0\0\x77"
NEW_CLIENTS = "they are now and then, the others at any time"
OTHERS = "known clients are, the others now and then"


def renew(load):
    """How many of those who have leases renewed them."""
    return load.run("--renew-from", KNOWN_BASE, "--first", "1", "--count", str(KNOWN), "--rate", "50")["acked"]


def of_new_clients(tap, router, load):
    flood = load.start("--flood", "--rate", "50000", "--count", "100000000", "--first", "1000000")
    router.wait_for(NEW_CLIENTS)
    renewed = renew(load)
    check(tap, "in a flood of new clients all others renew", renewed == KNOWN, renewed)
    before = router.dhcp_counts()["offered"]
    until(lambda: router.dhcp_counts()["offered"] > before, "another offer")
    check(tap, "and new ones are served now and then", True)
    flood.kill()
    flood.communicate()


def of_requests(tap, router, load):
    """While the role does not run the socket fills up; nothing of that depends on how fast either side is."""
    role = router.roles_with("fairlead.db")[0]
    os.kill(role, signal.SIGSTOP)
    until(lambda: status_of(role)["State"][0] == "T", "the role stands still")
    load.run("--flood", "--renew-from", "10.0.0.0", "--rate", "1000000", "--count", "80000", "--first", "1000000")
    os.kill(role, signal.SIGCONT)
    router.wait_for(OTHERS)
    renewed, counts = renew(load), router.dhcp_counts()
    check(tap, "in a flood of requests all who are known renew", renewed == KNOWN, renewed)
    check(tap, "and what strangers send is shed, and counted", counts["shed"] > 0, counts)


def backlog(lab):
    """Bytes that wait in the router's packet sockets."""
    rows = [line.split() for line in lab.on("middle", "cat", "/proc/net/packet").stdout.splitlines()]
    return sum(int(row[rows[0].index("Rmem")]) for row in rows[1:])


def answer_to_new(wire, data):
    """Others may be answered before: they have waited longer."""
    reply = wire.ask(data)
    while reply.chaddr[:6] != NEW:
        reply = wire.reply()
    return reply


def it_ends(tap, lab):
    until(lambda: not backlog(lab), "all that waits has been looked at", within=120)
    wire = Wire(lab, "left", NEW)
    offer = answer_to_new(wire, message(NEW, [(53, bytes([DISCOVER]))], flags=0x8000))
    ack = answer_to_new(wire, message(NEW, [(53, bytes([REQUEST])), (54, addr(SERVER)), (50, addr(offer.yiaddr))],
                                      flags=0x8000))
    check(tap, "somebody new gets an address afterwards", offer.type == OFFER and ack.type == ACK and
          ack.yiaddr == offer.yiaddr, offer.options, ack.options)
    wire.close()


def body(tap):
    lab = Lab(os.path.join(source, "lab/dhcp.lab"))
    lab.ip("middle", "addr", "add", f"{SERVER}/8", "dev", "lan0")
    router = start_unless_forbidden(tap, lambda: Router(lab, "middle", build, CONFIGURATION))
    import_known(router, "/run/known.csv", KNOWN)
    load = Load(lab, build, "left", "middle")
    of_new_clients(tap, router, load)
    of_requests(tap, router, load)
    it_ends(tap, lab)
    check(tap, "it stops with status 0", router.stop() == 0, *router.log)
    told = [line for line in router.log if re.search(NEW_CLIENTS + "|" + OTHERS, line)]
    check(tap, "each flood is told once", len(told) == 2, *router.log)


run_in_lab(body)
