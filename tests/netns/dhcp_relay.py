#!/usr/bin/env python3
"""The relay: dhcp_relay.py SOURCE_ROOT BUILD_ROOT

Whole frames through real sockets, as RFC 1542 and RFC 3046 say: a client's end at the left, a server's at the right.
"""
import os
import sys

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from dhcp_frames import (ACK, BROADCAST_MAC, DISCOVER, OFFER, REQUEST, Reply, addr, is_dhcp, message,  # noqa: E402
                         udp_frame)
from frames import Capture, Sender  # noqa: E402
from lab import Lab  # noqa: E402
from observe import check  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

CONFIGURATION = """
interface "lan0" {
    address = "10.0.1.1/24"
    relay { server = "192.0.2.2"  option-82 = true  remote-id = "0x0102"  server-override = true  %s }
}
interface "lan1" { address = "192.0.2.1/24" }
"""
MAC = b"\x02\0\0\0\0\1"
CLIENT = "10.0.1.77"
INFO = (82, b"\x01\x04lan0\x02\x02\x01\x02\x0b\x04" + addr("10.0.1.1"))
END = b"\x02\0\0\0\0\xee"  # a client whose request is the mark behind what must not be passed on


class Ends:
    def __init__(self, lab):
        self.client, self.server = Sender(lab, "left", "eth0"), Sender(lab, "right", "eth0")
        self.at_client, self.at_server = Capture(lab, "left", "eth0"), Capture(lab, "right", "eth0")
        self.lan0, self.lan1 = lab.mac("middle", "lan0"), lab.mac("middle", "lan1")
        self.server_mac = lab.mac("right", "eth0")

    def request(self, data, **frame):
        """From the client."""
        self.client.send(udp_frame(data, MAC, **frame))

    def passed(self):
        """The next request that arrives at the server. The kernel leaves its checksum to a device that there is none of."""
        while not is_dhcp(frame := self.at_server.frame(), to=67):
            pass
        return Reply(frame, with_checksum=False)

    def reply(self, data, **frame):
        """From the server, to the relay."""
        self.server.send(udp_frame(data, self.server_mac, self.lan1, **{"src": "192.0.2.2", "dst": "10.0.1.1", "sport": 67,
                                                                     **frame}))

    def delivered(self):
        """The next reply that arrives at the client."""
        while not is_dhcp(frame := self.at_client.frame(), to=68):
            pass
        return Reply(frame)

    def not_passed(self, data, **frame):
        """What arrives at the server nevertheless."""
        self.request(data, **frame)
        self.request(message(END, [(53, bytes([DISCOVER]))]))
        arrived = []
        while not arrived or arrived[-1].chaddr[:6] != END:
            arrived.append(self.passed())
        return [f"passed on: {one.options}" for one in arrived[:-1]]

    def not_delivered(self, data):
        self.reply(data)
        self.reply(message(END, [(53, bytes([OFFER]))], op=2, giaddr="10.0.1.1", flags=0x8000))
        arrived = []
        while not arrived or arrived[-1].chaddr[:6] != END:
            arrived.append(self.delivered())
        return [f"delivered: {one.options}" for one in arrived[:-1]]


def header(**fields):
    return {"htype": 1, "hlen": 6, "xid": 0x1234, "secs": 0, "flags": 0, "ciaddr": "0.0.0.0", "yiaddr": "0.0.0.0",
            "siaddr": "0.0.0.0", "chaddr": MAC + b"\0" * 10, "sname": b"\0" * 64, "file": b"\0" * 128, "sport": 67, **fields}


def requests(tap, ends):
    discover = [(53, bytes([DISCOVER])), (61, b"\1" + MAC), (55, bytes([1, 3, 6]))]
    expected = header(op=1, src_mac=ends.lan1, dst_mac=ends.server_mac, src="10.0.1.1", dst="192.0.2.2", dport=67)
    ends.request(message(MAC, discover, secs=7, flags=0x8000))
    passed = ends.passed()
    tap.case("trap14_rfc1542_4_1_1_giaddr_and_hops_rfc3046_82_last",
             passed.differences(**{**expected, "secs": 7, "flags": 0x8000}, hops=1, giaddr="10.0.1.1",
                                options=discover + [INFO]) + ([] if len(passed.data) == 300 else [len(passed.data)]))
    ends.request(message(MAC, discover + [(82, b"\1\1x")], giaddr="10.9.0.1", hops=3), src="10.9.0.1", dst="10.0.1.1",
                 sport=67, dst_mac=ends.lan0)
    tap.case("trap14_rfc1542_4_1_1_a_giaddr_is_never_overwritten",
             ends.passed().differences(**expected, hops=4, giaddr="10.9.0.1", options=discover + [(82, b"\1\1x")]))
    ends.request(message(MAC, discover, giaddr="10.9.0.1", hops=16))
    tap.case("trap14_rfc1542_4_1_1_16_hops", ends.passed().differences(hops=17))
    tap.case("trap14_rfc1542_4_1_1_17_hops", ends.not_passed(message(MAC, discover, giaddr="10.9.0.1", hops=17)))
    tap.case("trap14_rfc3046_2_1_1_a_clients_own_option_82", ends.not_passed(message(MAC, discover + [(82, b"\1\1x")])))
    tap.case("trap14_rfc3046_2_1_1_our_own_giaddr", ends.not_passed(message(MAC, discover, giaddr="192.0.2.1")))
    renew = [(53, bytes([REQUEST]))]
    ends.request(message(MAC, renew, ciaddr=CLIENT), src=CLIENT, dst="10.0.1.1", dst_mac=ends.lan0)
    tap.case("trap04_rfc5107_renewals_by_way_of_the_relay", ends.passed().differences(
        **{**expected, "ciaddr": CLIENT}, hops=1, giaddr="10.0.1.1", options=renew + [INFO]))


def replies(tap, ends):
    offer = [(53, bytes([OFFER])), (54, addr("10.0.1.1")), (51, b"\0\0\1\0")]
    expected = header(op=2, hops=0, src_mac=ends.lan0, src="10.0.1.1", dport=68, yiaddr=CLIENT, giaddr="10.0.1.1")
    fields = {"op": 2, "giaddr": "10.0.1.1", "yiaddr": CLIENT}
    ends.reply(message(MAC, offer + [INFO], **fields))
    tap.case("trap14_rfc3046_2_1_what_was_added_is_stripped_rfc1542_4_1_2_to_the_hardware_address",
             ends.delivered().differences(**expected, dst_mac=MAC, dst=CLIENT, options=offer))
    foreign = (82, b"\x01\x04lan1")
    ends.reply(message(MAC, offer + [foreign], flags=0x8000, **fields))
    tap.case("trap14_rfc3046_2_1_and_nothing_else_rfc1542_4_1_2_the_broadcast_flag",
             ends.delivered().differences(**{**expected, "flags": 0x8000}, dst_mac=BROADCAST_MAC, dst="255.255.255.255",
                                          options=offer + [foreign]))
    ack = [(53, bytes([ACK])), (54, addr("10.0.1.1"))]
    ends.reply(message(MAC, ack, op=2, giaddr="10.0.1.1", ciaddr=CLIENT))
    tap.case("rfc1542_4_1_2_to_ciaddr", ends.delivered().differences(dst_mac=MAC, dst=CLIENT, ciaddr=CLIENT, options=ack))
    tap.case("rfc1542_4_1_2_another_relays_reply",
             ends.not_delivered(message(MAC, offer, **{**fields, "giaddr": "10.9.0.1"})))


def counted(tap, router):
    counts = {name: count for name, count in router.dhcp_counts().items() if name.startswith("relay-")}
    check(tap, "everything is counted", counts == {
        "relay-requests": 7, "relay-replies": 4, "relay-hops": 1, "relay-untrusted": 1, "relay-spoofed": 1,
        "relay-foreign": 1, "relay-without-option-82": 0, "relay-malformed": 0, "relay-unsent": 0}, counts)


def otherwise(tap, ends, router):
    router.configure(CONFIGURATION % 'giaddr = "192.0.2.1"  trust-option-82 = true  circuit-id = "port 7"  hops = 0')
    router.fairlead("reload")
    discover = [(53, bytes([DISCOVER]))]
    ends.request(message(MAC, discover))
    info = (82, b"\x01\x06port 7\x02\x02\x01\x02\x05\x04" + addr("10.0.1.1") + b"\x0b\x04" + addr("10.0.1.1"))
    tap.case("trap13_rfc3527_a_giaddr_of_another_subnet_and_link_selection",
             ends.passed().differences(src="192.0.2.1", giaddr="192.0.2.1", options=discover + [info]))
    ends.reply(message(MAC, [(53, bytes([OFFER])), info], op=2, giaddr="192.0.2.1", yiaddr=CLIENT), dst="192.0.2.1")
    tap.case("and its reply", ends.delivered().differences(src="10.0.1.1", dst=CLIENT, options=[(53, bytes([OFFER]))]))
    ends.request(message(MAC, discover + [(82, b"\1\1x")]))
    tap.case("rfc3046_2_1_1_option_82_of_others_where_it_is_trusted",
             ends.passed().differences(giaddr="192.0.2.1", options=discover + [(82, b"\1\1x")]))
    tap.case("fewer hops", ends.not_passed(message(MAC, discover, giaddr="10.9.0.1", hops=1)))


def body(tap):
    lab = Lab(os.path.join(source, "lab/dhcp.lab"))
    lab.ip("right", "addr", "add", "192.0.2.2/24", "dev", "eth0")
    router = start_unless_forbidden(tap, lambda: Router(lab, "middle", build, CONFIGURATION % ""))
    ends = Ends(lab)
    requests(tap, ends)
    replies(tap, ends)
    counted(tap, router)
    otherwise(tap, ends, router)
    check(tap, "it stops with status 0", router.stop() == 0, *router.log)


run_in_lab(body)
