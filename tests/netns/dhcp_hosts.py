#!/usr/bin/env python3
"""Everything that people configure of DHCP: dhcp_hosts.py SOURCE_ROOT BUILD_ROOT

Options, reservations, classes, several subnets of a link, subnets behind relays: whole frames through real sockets.
"""
import os
import sys

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from dhcp_frames import ACK, BROADCAST_MAC, DISCOVER, NAK, OFFER, REQUEST, addr, message  # noqa: E402
from lab import Lab  # noqa: E402
from observe import check  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from wire import Wire  # noqa: E402

CONFIGURATION = """
dhcp {
    dns        = "192.0.2.53"
    conflict-check = false
    quarantine = "2h"
    history    = "4w"
    option-43.1:uint8 = 8
    option-43.2:text  = "abc"

    class "ipxe" { user-class = "iPXE"  boot-file-name = "http://10.0.1.9/boot.ipxe" }
    class "uefi" { vendor-class = "PXEClient*"  architecture = [7, 9]  boot-file-name = "grub.efi" }
    class "bios" { vendor-class = "PXEClient*"  boot-file-name = "pxelinux.0"  next-server = "10.0.1.9" }
    class "http" { vendor-class = "HTTPClient*"  vendor-class-identifier = "HTTPClient" }
    class "big" { vendor-class = "BIG"  BIG_OPTIONS }
    class "phones" { mac = "00:1b:54"  lease = "10m"  option-150 = "10.0.1.8" }

    reservation "line" { circuit-id = "ge-0/0/7"  address = "10.7.1.77" }
    reservation "named" { client-id = "ff:00:01"  host-name = "named" }

    subnet "10.7.0.0/24" { network = "campus"  pool = "10.7.0.10-10.7.0.11"  routers = "10.7.0.1" }
    subnet "10.7.1.0/24" { network = "campus"  pool = "10.7.1.10-10.7.1.11"  routers = "10.7.1.1" }
    subnet "10.8.0.0/24" { pool = "10.8.0.10-10.8.0.99"  option-43 = "07:01:02"  authoritative = true }
}
interface "lan0" {
    address = ["10.0.1.1/24", "10.0.2.1/24"]
    dhcp {
        pool = "10.0.1.100-10.0.1.101"
        pool "10.0.1.200-10.0.1.201" { class = "phones" }
        option-224:text = "anything"
        option-225      = "01:02:ff"
        always          = "option-225"
        subnet "10.0.2.0/24" { pool = "10.0.2.100-10.0.2.102"  lease = "2h"  dns = "192.0.2.54" }
        reservation "printer" {
            mac     = "02:00:00:00:00:09"
            address = "10.0.1.9"
            host-name = "printer"
            dns     = []
        }
    }
}
interface "lan1" { address = "10.0.3.1/24"  dhcp { pool = "10.0.3.10-10.0.3.20" } }
""".replace("BIG_OPTIONS", "  ".join(f'option-{code}:text = "{chr(code - 133) * 100}"' for code in range(230, 236)))
BIG = [(code, bytes([code - 133]) * 100) for code in range(230, 236)]
MASK = (1, addr("255.255.255.0"))


def mac(number):
    return b"\x02\0\0\0\0" + bytes([number])


def text_address(value):
    return ".".join(str(byte) for byte in value)


def discover(wire, client, *options, **fields):
    return wire.ask(message(client, [(53, bytes([DISCOVER])), *options], **fields), src_mac=client)


def request(wire, client, address, *options, **fields):
    """Of an address that was offered by the server at 10.0.1.1."""
    return wire.ask(message(client, [(53, bytes([REQUEST])), (54, addr("10.0.1.1")), (50, addr(address)), *options],
                            **fields), src_mac=client)


def lease(wire, client, *options, **fields):
    offer = discover(wire, client, *options, **fields)
    ack = request(wire, client, offer.yiaddr, *options, **fields)
    assert ack.type == ACK, ack.options
    return ack


def options(tap, wire):
    offer = discover(wire, mac(1), (55, bytes([43, 224, 6])))
    tap.case("rfc2132_9_8_options_in_the_order_in_which_they_are_asked_for_then_what_is_always_sent",
             offer.differences(options=[(53, bytes([OFFER])), (54, addr("10.0.1.1")), (51, b"\0\0\x0e\x10"),
                                        (58, b"\0\0\x07\x08"), (59, b"\0\0\x0c\x4e"), MASK,
                                        (43, b"\x01\x01\x08\x02\x03abc"), (224, b"anything"), (6, addr("192.0.2.53")),
                                        (225, b"\x01\x02\xff")]))
    offer = discover(wire, mac(1), (55, bytes([81])), (81, b"\x05\0\0\x04host\x03lab\0"))
    tap.case("rfc4702_4_names_in_the_dns_are_not_ours_to_update",
             offer.differences() + ([] if offer.get(81) == b"\x0e\xff\xff\x04host\x03lab\0" else [str(offer.options)]))


def reservations(tap, wire, router):
    ack = lease(wire, mac(9))
    check(tap, "a reserved address of no pool", ack.yiaddr == "10.0.1.9", ack.yiaddr)
    check(tap, "its options", ack.get(12) == b"printer" and ack.get(6) is None and ack.get(3) == addr("10.0.1.1"),
          ack.options)
    nak = wire.ask(message(mac(10), [(53, bytes([REQUEST])), (54, addr("10.0.1.1")), (50, addr("10.0.1.9"))]),
                   src_mac=mac(10))
    tap.case("it is nobody else's", nak.differences(dst_mac=BROADCAST_MAC, yiaddr="0.0.0.0", options=[
        (53, bytes([NAK])), (54, addr("10.0.1.1")), (56, b"this address is not available to you")]))
    offer = discover(wire, mac(11), (61, b"\xff\0\1"))
    check(tap, "options by client identifier", offer.get(12) == b"named" and offer.get(61) == b"\xff\0\1", offer.options)
    leases = {one["address"]: one for one in router.ask("show", "leases")["leases"]}
    check(tap, "the client shows it", leases["10.0.1.9"]["state"] == "bound", leases)


def classes(tap, wire):
    cases = [("bios", b"PXEClient:Arch:00000:UNDI:002001", b"\0\0", None, b"pxelinux.0", "10.0.1.9"),
             ("uefi", b"PXEClient:Arch:00007:UNDI:003016", b"\0\x07", None, b"grub.efi", "10.0.1.9"),
             ("ipxe", b"PXEClient:Arch:00007:UNDI:003016", b"\0\x07", b"iPXE", b"http://10.0.1.9/boot.ipxe", "10.0.1.9"),
             ("nobody's", b"MSFT 5.0", None, None, None, "0.0.0.0")]
    for name, vendor, system, user, file, server in cases:
        sent = [(60, vendor), (55, bytes([1, 67, 97, 60]))]
        sent += [(93, system), (97, b"\0" + b"u" * 16)] if system else []
        sent += [(77, user)] if user else []
        offer = discover(wire, mac(20), *sent)
        wrong = offer.differences(siaddr=server, file=(file or b"").ljust(128, b"\0"))
        if offer.get(67) != file or offer.get(97) != (b"\0" + b"u" * 16 if system else None) or offer.get(60):
            wrong.append(str(offer.options))
        tap.case(f"rfc4578_the_boot_file_of_a_client_that_is_{name}", wrong)
    offer = discover(wire, mac(20), (60, b"HTTPClient:Arch:00016"), (55, bytes([60])))
    check(tap, "UEFI's HTTP boot wants its class to come back", offer.get(60) == b"HTTPClient", offer.options)
    phone = b"\x00\x1b\x54\0\0\1"
    ack = lease(wire, phone, (55, bytes([150])))
    check(tap, "a phone gets an address of the phones' pool", ack.yiaddr in ("10.0.1.200", "10.0.1.201"), ack.yiaddr)
    check(tap, "and what phones are told", ack.get(150) == addr("10.0.1.8") and ack.get(51) == b"\0\0\x02\x58", ack.options)


def sizes(tap, wire):
    """600 bytes of options."""
    exchange = [(53, bytes([OFFER])), (54, addr("10.0.1.1")), (51, b"\0\0\x0e\x10"), (58, b"\0\0\x07\x08"),
                (59, b"\0\0\x0c\x4e"), MASK]
    asked = [(60, b"BIG"), (55, bytes(range(230, 236)))]
    offer = discover(wire, mac(9), *asked)
    file = b"".join(bytes([code, len(value)]) + value for code, value in BIG[2:3]) + b"\xff"
    tap.case("trap12_rfc2131_4_1_576_bytes_options_then_file_then_sname", offer.differences(
        options=exchange + BIG[:2] + [(225, b"\x01\x02\xff"), (52, b"\x01")], file=file.ljust(128, b"\0"), sname=b"\0" * 64) +
        ([] if offer.ip_bytes <= 576 else [f"{offer.ip_bytes} bytes"]))
    small = discover(wire, mac(9), *asked, (57, b"\x01\x00"))
    tap.case("trap12_rfc2132_9_10_less_than_576_is_576", small.differences(options=offer.options, ip_bytes=offer.ip_bytes))
    large = discover(wire, mac(9), *asked, (57, b"\xff\xff"))
    tap.case("trap12_rfc2132_9_10_as_much_as_the_client_takes_and_the_link", large.differences(
        options=exchange + BIG + [(225, b"\x01\x02\xff")], file=b"\0" * 128, sname=b"\0" * 64))
    relayed = discover(wire, mac(9), *asked, (82, b"\x01\x03abc"))
    check(tap, "trap12_rfc3046_2_1_82_is_last_and_kept", relayed.options[-1] == (82, b"\x01\x03abc") and
          relayed.ip_bytes <= 576, relayed.options, relayed.ip_bytes)


def bootp(tap, wire, router):
    """The printer, if it does not speak DHCP."""
    reply = wire.ask(message(mac(9), [], secs=3), src_mac=mac(9))
    tap.case("rfc1534_2_a_bootp_client_with_a_reservation", reply.differences(
        op=2, xid=0x1234, secs=0, yiaddr="10.0.1.9", dst="10.0.1.9", dst_mac=mac(9), src="10.0.1.1",
        options=[MASK, (12, b"printer"), (225, b"\x01\x02\xff"), (43, b"\x01\x01\x08\x02\x03abc"), (224, b"anything"),
                 (3, addr("10.0.1.1"))]) + ([] if len(reply.data) == 300 else [len(reply.data)]))
    lease_ = router.ask("show", "leases", "10.0.1.9/32")["leases"][0]
    check(tap, "and for ever", lease_["state"] == "bound" and lease_["left"] is None, lease_)
    wrong = wire.unanswered(message(mac(21), []), src_mac=mac(21))
    tap.case("one without gets nothing where BOOTP is off", wrong)


def shared_link(tap, wire):
    """Both subnets of lan0 are used up, but not the phones' pool."""
    got = {}
    for number in range(30, 35):
        ack = lease(wire, mac(number))
        got[ack.yiaddr] = ack
    check(tap, "both subnets of a link are used",
          sorted(got) == ["10.0.1.100", "10.0.1.101", "10.0.2.100", "10.0.2.101", "10.0.2.102"], sorted(got))
    second = got["10.0.2.100"]
    check(tap, "each with what is said of it", second.get(3) == addr("10.0.2.1") and second.get(6) == addr("192.0.2.54") and
          second.get(51) == b"\0\0\x1c\x20" and second.get(224) == b"anything", second.options)


def behind_relays(tap, wire):
    relay = {"src": "10.0.1.5", "dst": "10.0.1.1", "sport": 67, "dst_mac": wire.server_mac}

    def ask(client, *sent, giaddr="10.7.0.1", kind=DISCOVER):
        return wire.ask(message(client, [(53, bytes([kind])), *sent], giaddr=giaddr, hops=1), src_mac=wire.mac, **relay)

    offer = ask(mac(40), (55, bytes([3, 6, 43])))
    tap.case("a_relayed_client_of_a_subnet_that_is_not_attached",
             offer.differences(dst="10.7.0.1", dport=67, dst_mac=wire.mac, giaddr="10.7.0.1", options=[
                 (53, bytes([OFFER])), (54, addr("10.0.1.1")), (51, b"\0\0\x0e\x10"), (58, b"\0\0\x07\x08"),
                 (59, b"\0\0\x0c\x4e"), MASK, (3, addr("10.7.0.1")), (6, addr("192.0.2.53")),
                 (43, b"\x01\x01\x08\x02\x03abc")]))
    got = set()
    for number in range(40, 44):
        client = mac(number)
        offer = ask(client)
        ack = ask(client, (54, addr("10.0.1.1")), (50, addr(offer.yiaddr)), kind=REQUEST)
        got.add(ack.yiaddr)
    check(tap, "both subnets of the network are used",
          got == {"10.7.0.10", "10.7.0.11", "10.7.1.10", "10.7.1.11"}, got)
    offer = ask(mac(45), (82, b"\x01\x08ge-0/0/7"))
    check(tap, "a reservation by circuit-id", offer.yiaddr == "10.7.1.77" and offer.options[-1] == (82, b"\x01\x08ge-0/0/7"),
          offer.yiaddr, offer.options)
    offer = ask(mac(46), (82, b"\x05\x04\x0a\x08\0\0"), (55, bytes([43])))
    check(tap, "trap13_rfc3527_link_selection", offer.yiaddr.startswith("10.8.0.") and offer.dst == "10.7.0.1" and
          offer.get(43) == b"\x07\x01\x02", offer.yiaddr, offer.dst, offer.options)
    offer = ask(mac(47), (118, addr("10.8.0.0")))
    check(tap, "trap13_rfc3011_subnet_selection", offer.yiaddr.startswith("10.8.0.") and
          offer.get(118) == addr("10.8.0.0"), offer.yiaddr, offer.options)
    nak = ask(mac(48), (50, addr("10.8.0.50")), giaddr="10.8.0.1", kind=REQUEST)
    tap.case("trap03_rfc2131_4_3_2_authoritative_for_one_subnet", nak.differences(
        dst="10.8.0.1", flags=0x8000, options=[(53, bytes([NAK])), (54, addr("10.0.1.1")),
                                               (56, b"no lease of yours is known here")]))
    offer = ask(mac(46), (82, b"\x0b\x04\x0a\x07\0\x01"), giaddr="10.8.0.1")
    check(tap, "trap04_rfc5107_server_override", offer.get(54) == addr("10.7.0.1"), offer.options)


def pools(tap, router):
    told = {(one["first"], one["interface"]) for one in router.ask("show", "pools")["pools"]}
    check(tap, "pools have the name of their network", {("10.7.0.10", "campus"), ("10.7.1.10", "campus"),
                                                        ("10.0.2.100", "lan0"), ("10.8.0.10", None)} <= told, told)


def reload(tap, wire, router):
    """A configuration with a fault changes nothing; the next one does."""
    faulty = CONFIGURATION.replace('address = "10.0.1.9"', 'address = "10.0.1.1"')
    router.configure(faulty)
    said = router.fairlead("reload", check=False)
    check(tap, "a reservation of our own address is refused", said.returncode != 0 and
          "is this router's own" in said.stderr, said.stderr)
    check(tap, "and nothing has changed", discover(wire, mac(9)).yiaddr == "10.0.1.9")
    router.configure(CONFIGURATION.replace('address = "10.0.1.9"', 'address = "10.0.1.10"'))
    router.fairlead("reload")
    nak = wire.ask(message(mac(9), [(53, bytes([REQUEST]))], ciaddr="10.0.1.9"), src="10.0.1.9", src_mac=mac(9))
    check(tap, "a client is moved to what is reserved for it now", nak.type == NAK and
          nak.get(56) == b"another address is reserved for you", nak.options)
    check(tap, "and gets it", lease(wire, mac(9)).yiaddr == "10.0.1.10")


def body(tap):
    lab = Lab(os.path.join(source, "lab/dhcp.lab"))
    lab.ip("left", "addr", "add", "10.0.1.5/24", "dev", "eth0")
    wire = Wire(lab, "left", mac(5))
    router = start_unless_forbidden(tap, lambda: Router(lab, "middle", build, CONFIGURATION))
    check(tap, "what is served is said", "DHCP: 3 subnets behind relays" in "\n".join(router.log), *router.log)
    options(tap, wire)
    reservations(tap, wire, router)
    classes(tap, wire)
    sizes(tap, wire)
    bootp(tap, wire, router)
    shared_link(tap, wire)
    behind_relays(tap, wire)
    pools(tap, router)
    reload(tap, wire, router)
    check(tap, "it stops with status 0", router.stop() == 0, *router.log)


run_in_lab(body)
