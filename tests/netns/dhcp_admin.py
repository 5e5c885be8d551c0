#!/usr/bin/env python3
"""What people see and change of leases: dhcp_admin.py SOURCE_ROOT BUILD_ROOT

Events as they happen, leases that are ended, addresses that are reserved, looked for, exported, and taken over from the
files of other servers.
"""
import calendar
import json
import os
import signal
import sys
import time

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from dhcp_frames import ACK, DECLINE, DISCOVER, NAK, OFFER, RELEASE, REQUEST, addr, message, udp_frame  # noqa: E402
from lab import Lab, run  # noqa: E402
from observe import check, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from wire import Wire  # noqa: E402

SERVER = "10.0.1.1"
CONFIGURATION = """
dhcp { quarantine = 1h }
interface "lan0" {
    address = "10.0.1.1/24"
    dhcp {
        pool = "10.0.1.100-10.0.1.129"  pool = "10.0.1.130-10.0.1.149"  conflict-check = false  lease-min = 4s  lease = 1h  lease-max = 1d
        reservation "printer" { mac = "02:00:00:00:00:77"  address = "10.0.1.7" }
    }
}
"""


def mac(number):
    return b"\x02\0\0\0\0" + bytes([number])


def text(number):
    return mac(number).hex(":")


class Client:
    def __init__(self, wire, number, name=None):
        self.wire, self.number = wire, number
        self.options = [(12, name.encode())] if name else []

    def ask(self, kind, *options, **fields):
        return self.wire.ask(message(mac(self.number), [(53, bytes([kind])), *options, *self.options], xid=self.number,
                                     flags=0x8000, **fields), src_mac=mac(self.number))

    def offer(self):
        reply = self.ask(DISCOVER)
        assert reply.type == OFFER, reply.options
        return reply.yiaddr

    def select(self, address, *options):
        return self.ask(REQUEST, (54, addr(SERVER)), (50, addr(address)), *options)

    def lease(self, *options):
        reply = self.select(self.offer(), *options)
        assert reply.type == ACK, reply.options
        return reply.yiaddr

    def release(self, address):
        self.wire.send(udp_frame(message(mac(self.number), [(53, bytes([RELEASE])), (54, addr(SERVER))], ciaddr=address),
                                 mac(self.number), dst_mac=self.wire.server_mac, src=address, dst=SERVER))

    def decline(self, address):
        self.wire.send(udp_frame(message(mac(self.number), [(53, bytes([DECLINE])), (54, addr(SERVER)), (50, addr(address))]),
                                 mac(self.number)))


class Watch:
    """`fairlead watch leases -j`: what it has said."""

    def __init__(self, lab, router):
        before = self.asked(router)
        self.process = lab.spawn("middle", router.client, "-s", router.socket, "watch", "leases", "-j", stdout=-1, stderr=-1)
        # It has begun when there is a session that was not there before and has asked; the next event is told for certain.
        until(lambda: self.asked(router) - before, "a watch")

    @staticmethod
    def asked(router):
        """Sessions of others that have asked something."""
        return {one["session"] for one in router.ask("show", "sessions")["sessions"] if one["requests"] and not one["this"]}

    def next(self):
        return json.loads(self.process.stdout.readline())

    def events(self, count):
        return [(one["event"], one["address"], one["mac"]) for one in (self.next() for _ in range(count))]


def leases(router, *what):
    return {one["address"]: one for one in router.ask("show", "leases", *what)["leases"]}


def events_as_they_happen(tap, lab, wire, router):
    watch = Watch(lab, router)
    client = Client(wire, 1, "host-1")
    address = client.lease()
    first = watch.next()
    check(tap, "a lease is told of", first["event"] == "bound" and first["address"] == address and
          first["mac"] == text(1) and first["host_name"] == "host-1" and first["interface"] == "lan0" and
          first["ends"] - first["began"] == 3600 and abs(first["at"] - time.time()) < 60, first)
    assert client.ask(REQUEST, ciaddr=address).type == ACK
    client.release(address)
    short = Client(wire, 2).lease((51, (4).to_bytes(4, "big")))
    third = Client(wire, 3)
    declined = third.lease()
    third.decline(declined)
    told = watch.events(5)
    check(tap, "and what becomes of it", told == [("renewed", address, text(1)), ("released", address, text(1)),
                                                   ("bound", short, text(2)), ("bound", declined, text(3)),
                                                   ("declined", declined, text(3))], told)
    told = watch.events(1)
    check(tap, "and when it is over", told == [("expired", short, text(2))], told)
    os.kill(router.roles_with("fairlead.db")[0], signal.SIGKILL)
    said = watch.process.stderr.readline()
    check(tap, "a watch outlives the DHCP server, and says so", "the DHCP server has been restarted" in said, said)
    # It is connected to the next one when that has answered a session that asked behind it.
    until(lambda: router.fairlead("show", "dhcp", check=False).returncode == 0, "the dhcp role")
    watch_again = Watch(lab, router)
    address = Client(wire, 4).lease()
    check(tap, "and goes on", watch_again.events(1) == [("bound", address, text(4))])
    for one in (watch, watch_again):
        one.process.terminate()
        one.process.wait()


def leases_are_ended(tap, wire, router):
    client = Client(wire, 10)
    address = client.lease()
    router.fairlead("lease", "release", address)
    check(tap, "a lease is ended", leases(router, address)[address]["state"] == "released", leases(router, address))
    other = Client(wire, 11).select(address)
    check(tap, "the address may be given to others", other.type == ACK, other.options)
    reply = client.ask(REQUEST, ciaddr=address)
    check(tap, "and its client is told no", reply.type == NAK, reply.options)
    refused = router.fairlead("lease", "release", "10.0.1.149", check=False)
    check(tap, "what is not there cannot be ended", refused.returncode == 1 and "there is none (422)" in refused.stderr,
          refused.stderr)
    refused = router.fairlead("lease", "release", "10.0.1", check=False)
    check(tap, "and an address is one", "address: expected an address" in refused.stderr, refused.stderr)


def addresses_are_reserved(tap, wire, router):
    client = Client(wire, 20)
    address = client.lease()
    router.fairlead("lease", "reserve", address)
    mine = [one for one in router.ask("show", "reservations")["reservations"] if one["address"] == address]
    check(tap, "the address of a lease is reserved for its host", mine and mine[0]["mac"] == text(20) and
          mine[0]["by_hand"] is True, mine)
    client.release(address)
    until(lambda: leases(router, address)[address]["state"] == "released", "a release")
    other = Client(wire, 21).select(address)
    check(tap, "nobody else gets it", other.type == NAK, other.options)
    router.fairlead("lease", "reserve", "10.0.1.50", text(22))
    check(tap, "an address beside the pool is reserved for somebody who is named", Client(wire, 22).lease() == "10.0.1.50")
    errors = [(("10.0.1.7", text(30)), "the configuration reserves it"), (("10.0.1.1", text(30)), "no address for hosts"),
              (("10.9.9.9", text(30)), "no address for hosts"), (("10.0.1.60",), "nobody with an Ethernet address has it"),
              (("10.0.1.60", "02:00"), "mac: expected")]
    said = [router.fairlead("lease", "reserve", *words, check=False).stderr for words, _ in errors]
    check(tap, "what cannot be reserved is said", all(expected in text for (_, expected), text in zip(errors, said)), said)
    router.fairlead("reload")
    os.kill(router.roles_with("fairlead.db")[0], signal.SIGKILL)
    until(lambda: router.fairlead("show", "reservations", check=False).returncode == 0, "the dhcp role")
    check(tap, "reservations outlive reload and kill", client.select(address).type == ACK and
          Client(wire, 21).select(address).type == NAK)
    stored = run("sqlite3", f"{router.state}/fairlead.db", "SELECT address, mac FROM reservations ORDER BY 1").stdout
    check(tap, "and can be seen with SQL", sorted(stored.split()) == sorted([f"{address}|{text(20)}",
                                                                              f"10.0.1.50|{text(22)}"]), stored)
    router.fairlead("lease", "unreserve", address)
    refused = router.fairlead("lease", "unreserve", address, check=False)
    check(tap, "it can be undone, once", refused.returncode == 1 and "there is none" in refused.stderr, refused.stderr)
    client.release(address)
    until(lambda: leases(router, address)[address]["state"] == "released", "a release")
    check(tap, "and then others get it", Client(wire, 21).select(address).type == ACK)


def leases_are_found(tap, wire, router):
    address = Client(wire, 40, "Kitchen-Radio").lease()
    Client(wire, 41, "garden").lease()
    check(tap, "leases are found by hardware address", list(leases(router, text(40))) == [address], leases(router, text(40)))
    check(tap, "in other ways to write one", list(leases(router, text(40).upper().replace(":", "-"))) == [address])
    check(tap, "by part of a name", list(leases(router, "kitchen")) == [address], leases(router, "kitchen"))
    check(tap, "and not by what nobody has", not leases(router, "cellar") and not leases(router, text(99)))


DHCPD = """
server-duid "\\000\\001";
lease 10.0.1.131 {{ starts epoch {now}; ends epoch {later}; binding state active; hardware ethernet 02:00:00:00:00:61;
  uid "\\001\\002\\000\\000\\000\\000a"; client-hostname "old-host"; }}
lease 10.0.1.132 {{ starts epoch {now}; ends epoch {later}; binding state free; hardware ethernet 02:00:00:00:00:62; }}
lease 10.0.1.133 {{ starts epoch 100; ends epoch 200; binding state active; hardware ethernet 02:00:00:00:00:63; }}
lease 10.0.1.7 {{ starts epoch {now}; ends epoch {later}; binding state active; hardware ethernet 02:00:00:00:00:64; }}
lease 192.0.2.1 {{ starts epoch {now}; ends never; binding state active; hardware ethernet 02:00:00:00:00:65; }}
"""
KEA = """address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context
10.0.1.141,02:00:00:00:00:71,,3600,{later},1,0,0,kea-host,0,
10.0.1.142,02:00:00:00:00:72,,3600,{later},1,0,0,,1,
"""


def import_text(router, name, content):
    path = f"/run/{name}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    return router.fairlead("lease", "import", path, check=False)


def leases_are_taken_over(tap, wire, router):
    now = calendar.timegm(time.gmtime())
    result = import_text(router, "dhcpd.leases", DHCPD.format(now=now, later=now + 3000))
    check(tap, "leases of ISC's dhcpd are taken over", result.stdout ==
          "dhcpd.leases: 1 leases taken over, 2 refused, 1 over; 1 addresses that nobody has\n" and result.returncode == 1,
          result.stdout, result.stderr)
    check(tap, "what does not fit is refused with its line", sorted(result.stderr.splitlines()) == [
        "/run/dhcpd.leases:7: 10.0.1.7: somebody else has it, or it is reserved for somebody else",
        "/run/dhcpd.leases:8: 192.0.2.1: in no pool, and not reserved"], result.stderr)
    taken = leases(router, "10.0.1.131")["10.0.1.131"]
    check(tap, "they are as they were", taken["mac"] == "02:00:00:00:00:61" and taken["host_name"] == "old-host" and
          taken["client_id"] == "01020000000061" and abs(taken["ends"] - now - 3000) <= 2 and
          abs(taken["began"] - now) <= 2, taken)
    reply = wire.ask(message(mac(0x61), [(53, bytes([REQUEST])), (61, b"\1" + mac(0x61))], xid=9, flags=0x8000,
                             ciaddr="10.0.1.131"), src_mac=mac(0x61))
    check(tap, "and their hosts renew them", reply.type == ACK and reply.yiaddr == "10.0.1.131", reply.options)
    result = import_text(router, "kea.csv", KEA.format(later=now + 3000))
    check(tap, "leases of Kea too", result.returncode == 0 and result.stdout.startswith("Kea: 1 leases taken over, 0 refused")
          and Client(wire, 0x71).ask(REQUEST, ciaddr="10.0.1.141").type == ACK, result.stdout, result.stderr)
    result = import_text(router, "wrong.csv", KEA.format(later="soon"))
    check(tap, "of a file with a fault nothing is taken", result.returncode == 1 and
          "wrong.csv:2: expected numbers as valid_lifetime and expire" in result.stderr, result.stderr)


def leases_leave_and_come_back(tap, lab, router):
    exported = router.fairlead("lease", "export").stdout
    before = router.ask("show", "leases")["leases"]
    check(tap, "the export is CSV with a row for each", exported.splitlines()[0] ==
          "address,state,mac,client_id,host_name,interface,began,last,ends" and
          len(exported.splitlines()) == len(before) + 1, exported)
    check(tap, "it stops with status 0", router.stop() == 0, *router.log)
    another = Router(lab, "middle", build, CONFIGURATION, state="/run/another-state")
    another.fairlead("lease", "reserve", "10.0.1.50", text(22))
    result = import_text(another, "export.csv", exported)
    bound = [one for one in before if one["state"] == "bound"]
    check(tap, "another daemon takes it over", result.returncode == 0 and
          result.stdout.startswith(f"Fairlead: {len(bound)} leases taken over, 0 refused"), result.stdout, result.stderr)
    keys = ("address", "mac", "client_id", "host_name", "began", "ends")
    after = {one["address"]: one for one in another.ask("show", "leases")["leases"]}
    differences = [(key, one, after.get(one["address"])) for one in bound for key in keys
                   if after.get(one["address"], {}).get(key) != one[key] and
                   not (key in ("began", "ends") and abs(after[one["address"]][key] - one[key]) <= 2)]
    check(tap, "and then all is as it was", not differences, *differences)
    check(tap, "the other one stops too", another.stop() == 0, *another.log)


def body(tap):
    lab = Lab(os.path.join(source, "lab/dhcp.lab"))
    router = start_unless_forbidden(tap, lambda: Router(lab, "middle", build, CONFIGURATION))
    wire = Wire(lab, "left", mac(1))
    events_as_they_happen(tap, lab, wire, router)
    leases_are_ended(tap, wire, router)
    addresses_are_reserved(tap, wire, router)
    leases_are_found(tap, wire, router)
    leases_are_taken_over(tap, wire, router)
    leases_leave_and_come_back(tap, lab, router)


run_in_lab(body)
