#!/usr/bin/env python3
"""Addresses on the wire: dhcp.py SOURCE_ROOT BUILD_ROOT

The daemon serves DHCP in a lab: whole frames through real sockets, as RFC 2131 says, and ISC's client.
"""
import os
import signal
import subprocess
import sys
import time

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from dhcp_frames import (ACK, BROADCAST_MAC, DECLINE, DISCOVER, INFORM, NAK, OFFER, RELEASE, REQUEST,  # noqa: E402
                         addr, message, udp_frame)
from lab import Lab  # noqa: E402
from observe import check, status_of, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from wire import Wire  # noqa: E402

LAN0 = """
interface "lan0" {
    address = "10.0.1.1/24"
    dhcp {
        pool   = "10.0.1.100-10.0.1.199"
        lease  = "1h"
        dns    = ["10.0.1.1", "192.0.2.53"]
        domain = "lab.example"
        conflict-check = false
    }
}
"""
LAN1 = 'interface "lan1" { address = "10.0.2.1/24" }\n'
SERVER = "10.0.1.1"
MAC = b"\x02\x00\x00\x00\x01\x01"
OTHER = b"\x02\x00\x00\x00\x01\x02"
LIST = bytes([1, 3, 6, 15])
# What a client of lan0 gets, in this order, behind what the exchange itself says.
CONFIGURED = [(1, addr("255.255.255.0")), (3, addr(SERVER)), (6, addr(SERVER) + addr("192.0.2.53")), (15, b"lab.example")]


def u32(number):
    return number.to_bytes(4, "big")


def times(lease):
    return [(51, u32(lease)), (58, u32(lease // 2)), (59, u32(lease * 7 // 8))]


class Net:
    def __init__(self):
        self.lab = Lab(os.path.join(source, "lab/dhcp.lab"))
        self.lab.ip("left", "addr", "add", "10.0.1.5/24", "dev", "eth0")
        self.wire = Wire(self.lab, "left", MAC)

    def router(self, configuration=LAN0 + LAN1):
        return Router(self.lab, "middle", build, configuration)


def frame_differences(wire, reply, **expected):
    """Every field of a reply that is not as it must be."""
    defaults = {"op": 2, "htype": 1, "hlen": 6, "hops": 0, "xid": 0x1234, "secs": 0, "flags": 0, "ciaddr": "0.0.0.0",
                "yiaddr": "0.0.0.0", "siaddr": "0.0.0.0", "giaddr": "0.0.0.0", "chaddr": MAC + b"\0" * 10,
                "sname": b"\0" * 64, "file": b"\0" * 128, "src_mac": wire.server_mac, "src": SERVER, "sport": 67,
                "dport": 68}
    wrong = reply.differences(**{**defaults, **expected})
    if len(reply.data) != max(300, len(reply.data) - len(reply.padding)) or any(reply.padding):
        wrong.append(f"{len(reply.data)} bytes, padding {reply.padding.hex()}")
    return wrong


def lease_of(wire, mac=MAC, **fields):
    """An address for a client, from nothing."""
    offer = wire.ask(message(mac, [(53, bytes([DISCOVER]))], **fields), src_mac=mac)
    ack = wire.ask(message(mac, [(53, bytes([REQUEST])), (50, addr(offer.yiaddr)), (54, addr(SERVER))], **fields),
                   src_mac=mac)
    assert ack.type == ACK, ack.options
    return ack.yiaddr


def give_back(wire, address, mac=MAC):
    data = message(mac, [(53, bytes([RELEASE])), (54, addr(SERVER))], ciaddr=address)
    return wire.unanswered(data, src=address, dst=SERVER, src_mac=mac, dst_mac=wire.server_mac)


def traps(tap, net):
    wire = net.wire
    server_mac = wire.server_mac
    discover = [(53, bytes([DISCOVER])), (50, addr("10.0.1.150")), (55, LIST)]

    offer = wire.ask(message(MAC, discover, secs=9))
    expected = [(53, bytes([OFFER])), (54, addr(SERVER)), *times(3600), *CONFIGURED]
    tap.case("trap01_rfc2131_4_1_an_offer_to_the_hardware_address_without_arp",
             frame_differences(wire, offer, dst_mac=MAC, dst="10.0.1.150", yiaddr="10.0.1.150", options=expected))

    offer = wire.ask(message(MAC, discover, flags=0x8000))
    tap.case("trap01_rfc2131_4_1_the_broadcast_flag",
             frame_differences(wire, offer, dst_mac=BROADCAST_MAC, dst="255.255.255.255", yiaddr="10.0.1.150",
                               flags=0x8000, options=expected))

    relayed = message(MAC, discover + [(82, b"\x01\x03eth")], giaddr="10.0.1.5", hops=1, flags=0x8000)
    offer = wire.ask(relayed, src="10.0.1.5", dst=SERVER, sport=67, dst_mac=server_mac)
    tap.case("trap01_rfc2131_4_1_giaddr_comes_first_and_trap12_82_last",
             frame_differences(wire, offer, dst_mac=MAC, dst="10.0.1.5", dport=67, yiaddr="10.0.1.150", flags=0x8000,
                               giaddr="10.0.1.5", options=expected + [(82, b"\x01\x03eth")]))

    request = [(53, bytes([REQUEST])), (50, addr("10.0.1.150")), (54, addr(SERVER)), (55, bytes([15, 3, 1])),
               (61, b"\x01" + MAC)]
    request[1] = (50, addr("10.0.1.151"))  # the other one is held for a client without an identifier
    ack = wire.ask(message(MAC, request))
    address = "10.0.1.151"
    tap.case("trap02_rfc2131_4_3_2_selecting_trap06_rfc6842_61_trap12_rfc2132_order",
             frame_differences(wire, ack, dst_mac=MAC, dst=address, yiaddr=address,
                               options=[(53, bytes([ACK])), (54, addr(SERVER)), *times(3600), (61, b"\x01" + MAC),
                                        CONFIGURED[0], CONFIGURED[3], CONFIGURED[1]]))

    renew = [(53, bytes([REQUEST])), (55, bytes([1])), (61, b"\x01" + MAC)]
    for name, frame in (("renewing", {"src": address, "dst": SERVER, "dst_mac": server_mac}),
                        ("rebinding", {"src": address})):
        ack = wire.ask(message(MAC, renew, ciaddr=address), **frame)
        tap.case(f"trap01_rfc2131_4_1_ciaddr_is_unicast_{name}",
                 frame_differences(wire, ack, dst_mac=MAC, dst=address, ciaddr=address, yiaddr=address,
                                   options=[(53, bytes([ACK])), (54, addr(SERVER)), *times(3600), (61, b"\x01" + MAC),
                                            CONFIGURED[0]]))

    nak = wire.ask(message(OTHER, [(53, bytes([REQUEST]))], ciaddr=address), src=address, dst=SERVER,
                   dst_mac=server_mac, src_mac=OTHER)
    tap.case("trap01_rfc2131_4_1_a_nak_is_broadcast_even_to_a_renewing_client",
             frame_differences(wire, nak, dst_mac=BROADCAST_MAC, dst="255.255.255.255", chaddr=OTHER + b"\0" * 10,
                               options=[(53, bytes([NAK])), (54, addr(SERVER)),
                                        (56, b"this address is not available to you")]))

    nak = wire.ask(message(MAC, [(53, bytes([REQUEST])), (50, addr("192.168.7.7"))], giaddr="10.0.1.5"), src="10.0.1.5",
                   dst=SERVER, sport=67, dst_mac=server_mac)
    tap.case("trap01_rfc2131_4_3_2_a_relayed_nak_has_the_broadcast_bit",
             frame_differences(wire, nak, dst_mac=MAC, dst="10.0.1.5", dport=67, flags=0x8000, giaddr="10.0.1.5",
                               options=[(53, bytes([NAK])), (54, addr(SERVER)),
                                        (56, b"this address is of another network")]))

    reboot = lambda wanted: [(53, bytes([REQUEST])), (50, addr(wanted))]  # noqa: E731
    nak = wire.ask(message(OTHER, reboot("192.168.7.7")), src_mac=OTHER)
    check(tap, "trap03_rfc2131_4_3_2_init_reboot_on_a_wrong_network", nak.type == NAK, nak.options)
    tap.case("trap03_rfc2131_4_3_2_init_reboot_of_an_unknown_client",
             wire.unanswered(message(OTHER, reboot("10.0.1.160")), src_mac=OTHER))
    ack = wire.ask(message(MAC, reboot(address) + [(61, b"\x01" + MAC)]))
    check(tap, "trap03_rfc2131_4_3_2_init_reboot_of_a_known_client", ack.type == ACK and ack.yiaddr == address, ack.options)

    wire.ask(message(OTHER, [(53, bytes([DISCOVER])), (50, addr("10.0.1.170"))]), src_mac=OTHER)
    tap.case("trap04_rfc2131_4_3_2_another_server_is_chosen",
             wire.unanswered(message(OTHER, reboot("10.0.1.170") + [(54, addr("10.0.1.9"))]), src_mac=OTHER))
    third = b"\x02\x00\x00\x00\x01\x03"
    offer = wire.ask(message(third, [(53, bytes([DISCOVER])), (50, addr("10.0.1.170"))]), src_mac=third)
    check(tap, "trap04_rfc2131_4_3_2_and_the_offer_is_free", offer.yiaddr == "10.0.1.170", offer.yiaddr)

    override = [(53, bytes([REQUEST])), (50, addr("10.0.1.180")), (54, addr("10.0.1.5")), (82, b"\x0b\x04" + addr("10.0.1.5"))]
    ack = wire.ask(message(third, override, giaddr="10.0.1.5"), src="10.0.1.5", dst=SERVER, sport=67, dst_mac=server_mac)
    check(tap, "trap04_rfc5107_server_override", ack.type == ACK and ack.get(54) == addr("10.0.1.5") and ack.src == SERVER,
          ack.src, ack.options)

    nak = wire.ask(message(OTHER, [(53, bytes([REQUEST])), (54, addr(SERVER))]), src_mac=OTHER)
    check(tap, "trap05_rfc2131_4_3_2_a_request_without_an_address", nak.type == NAK, nak.options)

    inform = wire.ask(message(MAC, [(53, bytes([INFORM])), (55, bytes([6]))], ciaddr="10.0.1.5"), src="10.0.1.5",
                      dst=SERVER, dst_mac=server_mac)
    tap.case("trap07_rfc2131_4_3_5_inform",
             frame_differences(wire, inform, dst_mac=MAC, dst="10.0.1.5", ciaddr="10.0.1.5",
                               options=[(53, bytes([ACK])), (54, addr(SERVER)), CONFIGURED[0], CONFIGURED[2]]))

    fourth = b"\x02\x00\x00\x00\x01\x04"
    taken = lease_of(wire, fourth)
    stranger = message(OTHER, [(53, bytes([RELEASE])), (54, addr(SERVER))], ciaddr=taken)
    tap.case("trap08_rfc2131_table_5_a_release_by_a_stranger_is_not_answered", wire.unanswered(stranger, src_mac=OTHER))
    ack = wire.ask(message(fourth, [(53, bytes([REQUEST]))], ciaddr=taken), src=taken, src_mac=fourth)
    check(tap, "trap08_rfc2131_table_5_and_changes_nothing", ack.type == ACK, ack.options)
    tap.case("trap08_rfc2131_4_3_4_release", give_back(wire, taken, fourth))
    offer = wire.ask(message(OTHER, [(53, bytes([DISCOVER])), (50, addr(taken))]), src_mac=OTHER)
    check(tap, "trap08_rfc2131_4_3_4_what_is_released_is_free", offer.yiaddr == taken, offer.yiaddr)

    declined = lease_of(wire, fourth)
    tap.case("trap08_rfc2131_4_3_3_decline",
             wire.unanswered(message(fourth, [(53, bytes([DECLINE])), (50, addr(declined)), (54, addr(SERVER))]),
                             src_mac=fourth))
    check(tap, "trap08_rfc2131_4_3_3_what_is_declined_is_not_given_again", lease_of(wire, fourth) != declined)

    first = lease_of(wire, OTHER)
    second = wire.ask(message(OTHER, [(53, bytes([DISCOVER])), (61, b"another one")]), src_mac=OTHER).yiaddr
    check(tap, "trap09_rfc2131_4_2_an_identifier_makes_another_client", first != second, first, second)

    offer = wire.ask(message(OTHER, [(53, bytes([DISCOVER])), (50, addr("10.0.1.101")), (51, u32(10))]), src_mac=OTHER)
    check(tap, "trap10_rfc2131_4_3_1_the_current_address_and_a_clamped_time",
          offer.yiaddr == first and offer.options[2:5] == times(60), offer.yiaddr, offer.options)

    long = [(53, bytes([DISCOVER])), (12, b"a" * 200), (61, b"b" * 200), (61, b"c" * 55), (55, LIST)]
    offer = wire.ask(message(OTHER, long), src_mac=OTHER)
    check(tap, "trap13_rfc3396_an_identifier_in_two_pieces",
          b"".join(value for code, value in offer.options if code == 61) == b"b" * 200 + b"c" * 55, offer.options)

    for name, giaddr, options, answered in (
            ("giaddr of no subnet", "172.16.0.1", [], False),
            ("rfc3011_subnet_selection", "172.16.0.1", [(118, addr("10.0.1.0"))], True),
            ("rfc3527_link_selection_before_it", "172.16.0.1", [(118, addr("10.9.9.0")), (82, b"\x05\x04" + addr("10.0.1.0"))],
             True)):
        data = message(OTHER, [(53, bytes([DISCOVER])), *options], giaddr=giaddr)
        frame = {"src": giaddr, "dst": SERVER, "sport": 67, "dst_mac": server_mac, "src_mac": OTHER}
        if answered:
            offer = wire.ask(data, **frame)
            check(tap, f"trap13_{name}", offer.yiaddr.startswith("10.0.1.") and offer.dst == giaddr, offer.yiaddr, offer.dst)
        else:
            tap.case(f"trap13_{name}", wire.unanswered(data, **frame))


def what_cannot_be_taken_is_counted(tap, net, router):
    wire = net.wire

    good = message(MAC, [(53, bytes([DISCOVER]))])
    frame = udp_frame(good, MAC)
    bad = {
        "udp-checksum": frame[:40] + bytes([frame[40] ^ 1]) + frame[41:],
        "udp-length": frame[:38] + b"\xff\xff" + frame[40:],
        "udp-ip-header": frame[:24] + bytes([frame[24] ^ 1]) + frame[25:],
        "malformed-size": udp_frame(good[:239], MAC),
        "malformed-op": udp_frame(b"\x07" + good[1:], MAC),
        "malformed-hardware-address": udp_frame(good[:2] + b"\x20" + good[3:], MAC),
        "malformed-options": udp_frame(good[:243] + b"\x0c\xff" + good[245:], MAC),
        "malformed-type": udp_frame(message(MAC, [(53, b"\x00")]), MAC),
    }
    before = router.dhcp_counts()
    for bytes_ in bad.values():
        wire.send(bytes_)
    tap.case("none of it is answered", wire.unanswered(message(MAC, [(53, bytes([OFFER]))], op=2)))
    after = router.dhcp_counts()
    for name in bad:
        check(tap, f"counted as {name}", after[name] == before[name] + 1, before[name], after[name])

    # A checksum that the sender's system has left to hardware: in the frame stands the sum of the pseudo-header.
    offer = wire.ask(good, src_mac=MAC)
    pseudo = addr("0.0.0.0") + addr("255.255.255.255") + b"\0\x11" + (8 + len(good)).to_bytes(2, "big")
    total = sum(int.from_bytes(pseudo[i:i + 2], "big") for i in range(0, len(pseudo), 2))
    total = (total & 0xffff) + (total >> 16)
    wire.send(frame[:40] + total.to_bytes(2, "big") + frame[42:])
    check(tap, "a half-made checksum is right", wire.reply().yiaddr == offer.yiaddr)
    code = ("import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('10.0.1.5', 68)); "
            f"s.sendto(bytes.fromhex('{message(MAC, [(53, bytes([INFORM]))], ciaddr='10.0.1.5').hex()}'), ('{SERVER}', 67))")
    net.lab.on("left", sys.executable, "-c", code)
    check(tap, "so is that of a socket of the kernel's", wire.reply().type == ACK)


def others_are_left_alone(tap, net):
    """What is not for this server is the kernel's, which refuses ports that nobody serves."""
    code = """
import socket
def send(port):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.settimeout(10)
    one.connect(("10.0.1.1", port))
    one.send(b"x")
    return one
served, other = send(67), send(69)
try:
    other.recv(1)
except ConnectionRefusedError:
    print("refused")
served.settimeout(0)
try:
    served.recv(1)
except BlockingIOError:
    print("silent")
"""
    said = net.lab.on("left", sys.executable, "-c", code, check=False)
    check(tap, "a port that nobody serves is refused by the kernel, the one that is served is not",
          said.stdout == "refused\nsilent\n", said)


def real_client(tap, net, router):
    lab = net.lab
    net.wire.close()
    lab.ip("left", "addr", "flush", "dev", "eth0")
    address = lab.dhclient("left")
    check(tap, "dhclient gets an address", address.startswith("10.0.1."), address)
    check(tap, "and a route", "default via 10.0.1.1" in lab.ip("left", "route").stdout)
    leases = {lease["address"]: lease for lease in router.ask("show", "leases")["leases"]}
    check(tap, "the daemon says so", leases[address]["state"] == "bound" and leases[address]["interface"] == "lan0" and
          3500 < leases[address]["left"] <= 3600, leases.get(address))
    again = router.ask("show", "leases", f"{address}/32")["leases"]
    check(tap, "the lease alone can be asked for", [one["address"] for one in again] == [address], again)
    pools = router.ask("show", "pools")["pools"]
    check(tap, "so does the pool", pools[0]["bound"] >= 1 and pools[0]["size"] == 100, pools)
    rows = subprocess.run(["sqlite3", f"{router.state}/fairlead.db", f"SELECT state FROM leases WHERE address = '{address}'"],
                          capture_output=True, text=True, check=True).stdout
    check(tap, "and SQL", rows == "bound\n", rows)
    check(tap, "the host talks through the router",
          lab.on("left", "ping", "-c", "1", "-W", "3", "10.0.2.1", check=False).returncode == 0)
    lab.dhclient("left", "-r")
    lease = router.ask("show", "leases", f"{address}/32")["leases"][0]
    check(tap, "and gives it back", lab.address("left") == "" and lease["state"] == "released", lease)
    check(tap, "and gets the same again", lab.dhclient("left") == address)
    mac = lab.mac("left", "eth0").hex(":")
    history = router.ask("show", "history", address)["history"]
    check(tap, "who had it is known", [(one["address"], one["mac"], one["state"]) for one in history] ==
          [(address, mac, "released"), (address, mac, "bound")] and
          history[0]["began"] <= history[0]["ended"] <= history[1]["began"] <= time.time() + 1 and
          time.time() + 3500 < history[1]["ended"], history)  # whole seconds of another clock: one may be missing
    now = router.ask("show", "history", address, f"@{history[1]['ended'] - 1}")["history"]
    check(tap, "and who has it at a time", now == history[1:], now)
    text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(history[0]["began"] - 1))
    check(tap, "nobody had it before", router.fairlead("show", "history", f"{address}/32", text).stdout ==
          "nobody had an address\n")
    return address


def what_is_promised_is_kept(tap, net, router, address):
    """Whatever is killed."""
    lab = net.lab
    dhcp = router.roles_with("fairlead.db")
    check(tap, "one process has the database", len(dhcp) == 1, dhcp)
    status = status_of(dhcp[0])
    check(tap, "it is nobody and has no capabilities", status["Uid"].split() == ["65534"] * 4 and
          int(status["CapPrm"], 16) == int(status["CapBnd"], 16) == 0, status)
    mode = os.stat(f"{router.state}/fairlead.db").st_mode & 0o777
    check(tap, "the database is not for everybody", mode == 0o640, oct(mode))
    os.kill(dhcp[0], signal.SIGKILL)
    router.wait_for("lan0: DHCP: 10.0.1.100-10.0.1.199")
    check(tap, "the role is killed: the next one knows the client", lab.dhclient("left") == address)
    engine = router.ask("show", "version")["engine_pid"]
    os.kill(engine, signal.SIGKILL)
    check(tap, "the engine is killed: DHCP is served", lab.dhclient("left") == address)
    router.process.kill()
    router.process.wait()
    router.start()
    leases = [lease["address"] for lease in router.ask("show", "leases")["leases"] if lease["state"] == "bound"]
    check(tap, "the daemon is killed: the lease is there", address in leases, leases)
    check(tap, "and the client is known", lab.dhclient("left") == address)


def reloads(tap, net, router, address):
    lab = net.lab
    router.configure('interface "lan0" { address = "10.0.1.1/24" }\n' + LAN1)
    router.fairlead("reload")
    check(tap, "DHCP can be taken away", "DHCP is not served" in router.fairlead("show", "leases", check=False).stderr)
    router.configure(LAN0 + LAN1)
    router.fairlead("reload")
    router.wait_for("lan0: DHCP: 10.0.1.100-10.0.1.199")
    router.configure(LAN0 + 'interface "lan1" { address = "10.0.2.1/24" dhcp { pool = "10.0.2.0/24" routers = [] } }\n')
    router.fairlead("reload")
    router.wait_for(": DHCP: 10.0.2.0-10.0.2.255")
    check(tap, "and come again", lab.dhclient("left") == address)
    right = lab.dhclient("right")
    check(tap, "at another interface too", right.startswith("10.0.2."), right)
    check(tap, "without routers, where none are to be", lab.ip("right", "route", "show", "default").stdout == "")
    pools = router.ask("show", "pools")["pools"]
    check(tap, "own, first and last addresses are in no pool",
          [(pool["first"], pool["last"]) for pool in pools if pool["interface"] == "lan1"] == [("10.0.2.2", "10.0.2.254")], pools)
    lab.ip("middle", "addr", "add", "10.0.3.1/24", "dev", "lan1")  # not ours, and yet a subnet there
    router.configure(LAN0 + 'interface "lan1" { dhcp { pool = "10.0.3.9-10.0.3.9" } }\n')
    router.fairlead("reload")
    router.wait_for("lan1: DHCP: 10.0.3.9-10.0.3.9")
    until(lambda: lab.dhclient("right", check=False) == "10.0.3.9", "another lease")
    check(tap, "a client of a pool that is gone moves", lab.address("right") == "10.0.3.9")
    history = router.ask("show", "history", right)["history"]
    check(tap, "who had an address of it is known", [one["mac"] for one in history] ==
          [lab.mac("right", "eth0").hex(":")], history)
    right = "10.0.3.9"
    lab.ip("middle", "addr", "del", "10.0.3.1/24", "dev", "lan1")
    router.wait_for("lan1: DHCP: no subnet of this interface holds the pool 10.0.3.9-10.0.3.9")
    lab.ip("middle", "addr", "add", "10.0.3.1/24", "dev", "lan1")
    router.wait_for("lan1: DHCP: 10.0.3.9-10.0.3.9")
    lab.ip("middle", "link", "set", "lan1", "address", "02:00:00:00:99:99")
    until(lambda: lab.dhclient("right", check=False) == right, "the lease again")
    check(tap, "an interface may change its hardware address", lab.address("right") == right)


def a_full_disk(tap, net):
    """Nothing is acknowledged that cannot be stored; everything else goes on."""
    lab = net.lab
    router = Router(lab, "middle", build, LAN0 + LAN1)
    os.makedirs("/run/small", exist_ok=True)
    router.stop()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", "/run/small"], check=True)
    router.state = "/run/small"
    router.start()
    lab.ip("left", "addr", "flush", "dev", "eth0")
    lab.ip("left", "addr", "add", "10.0.1.5/24", "dev", "eth0")
    wire = Wire(lab, "left", MAC)
    kept = lease_of(wire)
    with open("/run/small/ballast", "wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"\0" * 4096)
        except OSError:
            pass
    served = 0
    for number in range(400):  # what is still free in the log's last page may take some
        mac = b"\x02\0\0\0" + number.to_bytes(2, "big")
        offer = wire.ask(message(mac, [(53, bytes([DISCOVER]))]), src_mac=mac)
        request = message(mac, [(53, bytes([REQUEST])), (50, addr(offer.yiaddr)), (54, addr(SERVER))])
        probe = b"\x02\0\0\0\xff\xff"
        wire.send(udp_frame(request, mac))
        wire.send(udp_frame(message(probe, [(53, bytes([DISCOVER]))], xid=7), probe))
        replies = []
        while not replies or replies[-1].xid != 7:
            replies.append(wire.reply())
        if len(replies) == 1:  # no ACK; or one that waits for the disk, and was overtaken by the offer
            until(lambda: (now := router.dhcp_counts())["acked"] > 1 + served or now["unstored"],  # noqa: B023
                  "the request is answered, or cannot be")
            if router.dhcp_counts()["unstored"]:
                break
            wire.reply()
        served += 1
    counts = router.dhcp_counts()
    check(tap, "a full disk: offers, and no ACK", counts["unstored"] > 0 and served < 400, served, counts)
    bound = [lease["address"] for lease in router.ask("show", "leases")["leases"] if lease["state"] == "bound"]
    check(tap, "a full disk: what was not acknowledged is not there", kept in bound and offer.yiaddr not in bound, bound)
    os.unlink("/run/small/ballast")
    ack = wire.ask(request, src_mac=mac)
    check(tap, "a full disk: with room again it goes on", ack.type == ACK and ack.yiaddr == offer.yiaddr, ack.options)
    wire.close()
    check(tap, "a full disk: and stops cleanly", router.stop() == 0, *router.log)
    subprocess.run(["umount", "/run/small"], check=True)


def body(tap):
    net = Net()
    router = start_unless_forbidden(tap, net.router)
    check(tap, "what is served is said", any(line.endswith("lan0: DHCP: 10.0.1.100-10.0.1.199") for line in router.log),
          *router.log)
    traps(tap, net)
    what_cannot_be_taken_is_counted(tap, net, router)
    others_are_left_alone(tap, net)
    address = real_client(tap, net, router)
    what_is_promised_is_kept(tap, net, router, address)
    reloads(tap, net, router, address)
    check(tap, "it stops with status 0", router.stop() == 0, *router.log)
    a_full_disk(tap, net)


run_in_lab(body)
