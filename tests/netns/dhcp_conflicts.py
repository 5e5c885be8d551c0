#!/usr/bin/env python3
"""Addresses that somebody has already: dhcp_conflicts.py SOURCE_ROOT BUILD_ROOT

Whether somebody has an address is asked before it is offered: by ARP on the link, by ICMP echo beyond relays.
"""
import os
import sys

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from dhcp_frames import ACK, DISCOVER, OFFER, REQUEST, addr, message, udp_frame  # noqa: E402
from frames import Capture  # noqa: E402
from lab import Lab  # noqa: E402
from observe import check  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from wire import Wire  # noqa: E402

CONFIGURATION = """
interface "lan0" { address = "10.0.1.1/24"  dhcp { pool = "10.0.1.100-10.0.1.103"  pool = "10.0.1.200-10.0.1.250" } }
interface "lan1" { address = "10.0.2.1/24" }
dhcp { quarantine = 1h  subnet "10.7.0.0/24" { pool = "10.7.0.10-10.7.0.19" } }
route "10.7.0.0/24" { via = "10.0.2.2" }
"""
SERVER = "10.0.1.1"


def mac(number):
    return b"\x02\0\0\0\1" + bytes([number])


def discover(client, *options, **fields):
    return message(client, [(53, bytes([DISCOVER])), *options], xid=0x1000 + client[5], flags=0x8000, **fields)


def request(client, address):
    return message(client, [(53, bytes([REQUEST])), (54, addr(SERVER)), (50, addr(address))], xid=0x1000 + client[5],
                   flags=0x8000)


def states(router, within):
    return {one["address"]: one["state"] for one in router.ask("show", "leases", within)["leases"]}


def by_arp(tap, lab, wire, router):
    arp = Capture(lab, "left", "eth0")
    lab.ip("left", "addr", "add", "10.0.1.100/24", "dev", "eth0")
    offer = wire.ask(discover(mac(1), (50, addr("10.0.1.100"))))
    check(tap, "rfc2131_3_1_an_address_that_somebody_has_is_not_offered", offer.type == OFFER and
          offer.yiaddr != "10.0.1.100", offer.yiaddr)
    check(tap, "it is in quarantine", states(router, "10.0.1.100/32") == {"10.0.1.100": "declined"},
          states(router, "10.0.1.0/24"))
    while (frame := arp.frame())[12:14] != b"\x08\x06" or frame[38:42] != addr("10.0.1.100"):
        pass
    asker = lab.mac("middle", "lan0")
    check(tap, "rfc5227_2_1_1_the_question", frame[:42] == b"\xff" * 6 + asker + b"\x08\x06\0\1\x08\0\6\4\0\1" + asker +
          b"\0" * 10 + addr("10.0.1.100"), frame.hex())
    ack = wire.ask(request(mac(1), offer.yiaddr))
    check(tap, "and what was offered can be had", ack.type == ACK and ack.yiaddr == offer.yiaddr, ack.options)
    # The client itself answers for the address that it had from somewhere else.
    itself, its = lab.mac("left", "eth0"), "10.0.1.101" if ack.yiaddr != "10.0.1.101" else "10.0.1.102"
    lab.ip("left", "addr", "add", f"{its}/24", "dev", "eth0")
    offer = wire.ask(discover(itself, (50, addr(its))), src_mac=itself)
    check(tap, "a client that has it itself may have it", offer.yiaddr == its, offer.yiaddr)
    now = router.dhcp_counts()
    check(tap, "both are counted", now["conflicts"] == 1 and now["probed"] >= 3 and now["unprobed"] == 0, now)


def nobody_waits_for_others(tap, wire, router):
    """A question is out, and one who is known gets an answer at once."""
    known = wire.ask(discover(mac(2)))
    wire.ask(request(mac(2), known.yiaddr))
    for number in range(10, 40):
        wire.send(udp_frame(discover(mac(number)), mac(number)))
    wire.send(udp_frame(request(mac(2), known.yiaddr), mac(2)))
    replies = [wire.reply() for _ in range(31)]
    check(tap, "known clients do not wait", replies[0].chaddr[:6] == mac(2) and replies[0].type == ACK,
          replies[0].chaddr.hex())
    got = {reply.chaddr[5]: reply.yiaddr for reply in replies[1:]}
    check(tap, "and the others do not wait for each other", sorted(got) == list(range(10, 40)) and
          len(set(got.values())) == 30, got)
    # One who asks again meanwhile gets one offer, with what was said last.
    before = router.dhcp_counts()
    wire.send(udp_frame(discover(mac(50)), mac(50)))
    again = message(mac(50), [(53, bytes([DISCOVER]))], xid=0x9999, flags=0x8000)
    offer = wire.ask(again, src_mac=mac(50))
    extra = wire.ask(request(mac(2), known.yiaddr))
    check(tap, "who asks twice is asked for once", offer.xid == 0x9999 and extra.type == ACK and
          router.dhcp_counts()["probed"] == before["probed"] + 1, offer.xid, extra.options)
    offer = wire.ask(discover(mac(50)), src_mac=mac(50))
    check(tap, "and not again for a while", router.dhcp_counts()["probed"] == before["probed"] + 1, offer.yiaddr)


def by_icmp(tap, lab, wire, router):
    used = [f"10.7.0.{n}" for n in (10, 11, 12)]
    for address in used:
        lab.ip("right", "addr", "add", f"{address}/32", "dev", "lo")
    offer = wire.ask(discover(mac(60), (50, addr("10.7.0.10")), giaddr="10.7.0.1"), src="10.7.0.1", dst=SERVER, sport=67,
                     dst_mac=wire.server_mac)
    held = states(router, "10.7.0.0/24")
    check(tap, "rfc2131_3_1_an_address_beyond_a_relay_that_answers_is_not_offered", offer.yiaddr.startswith("10.7.0.") and
          offer.yiaddr not in used and held.get("10.7.0.10") == "declined" and set(held) <= set(used), offer.yiaddr, held)


def body(tap):
    lab = Lab(os.path.join(source, "lab/dhcp.lab"))
    lab.ip("right", "addr", "add", "10.0.2.2/24", "dev", "eth0")
    lab.ip("right", "route", "add", "default", "via", "10.0.2.1")
    router = start_unless_forbidden(tap, lambda: Router(lab, "middle", build, CONFIGURATION))
    wire = Wire(lab, "left", mac(1))
    by_arp(tap, lab, wire, router)
    nobody_waits_for_others(tap, wire, router)
    by_icmp(tap, lab, wire, router)
    check(tap, "it stops with status 0", router.stop() == 0, *router.log)


run_in_lab(body)
