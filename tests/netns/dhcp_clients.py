#!/usr/bin/env python3
"""Clients and relays of other people: dhcp_clients.py SOURCE_ROOT BUILD_ROOT

ISC's dhclient, dhcpcd and busybox's udhcpc get, renew, rebind, release and get again: from the daemon itself, through
its relay from a daemon and from dnsmasq, and from the daemon through dnsmasq's relay.
"""
import os
import subprocess
import sys
import threading

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from clients import Dhclient, Dhcpcd, Udhcpc  # noqa: E402
from lab import Lab, LabError, run  # noqa: E402
from observe import check, children, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

DROP = "table ip t { chain c { type filter hook output priority 0; udp dport 67 drop; }; }"
CLIENTS = {"isc": (Dhclient, 1), "dhcpcd": (Dhcpcd, 2), "busybox": (Udhcpc, 3)}  # and the third byte of its subnet
UP0 = 'interface "up0" { address = "192.0.2.1/24" }\n'
LANS = "".join(f'interface "lan{n - 1}" {{ address = "10.0.{n}.1/24" %s }}\n' for n in (1, 2, 3))
DIRECT = UP0 + LANS % tuple(f'dhcp {{ pool = "10.0.{n}.10-10.0.{n}.20" }}' for n in (1, 2, 3)) + "dhcp { lease = 10s }\n"
RELAY = UP0 + LANS % (('relay { server = "192.0.2.2"  option-82 = true }',) * 3)
PLAIN = UP0 + LANS % (("",) * 3)
SERVER = 'interface "eth0" { dhcp { } }\ndhcp {\n    lease = 10s\n' + "".join(
    f'    subnet "10.0.{n}.0/24" {{ pool = "10.0.{n}.10-10.0.{n}.20"  routers = "10.0.{n}.1" }}\n' for n in (1, 2, 3)) + "}\n"


class Life:
    """A client's life, beside those of the others. What went wrong is in `wrong`."""

    def __init__(self, lab, node, ends_s, has, renews):
        """ends_s(address): when the lease ends, as the server says; has(address): whether somebody has it; renews: it does
        so within seconds."""
        self.lab, self.node, self.ends_s, self.has, self.renews = lab, node, ends_s, has, renews
        kind, self.third = CLIENTS[node]
        self.client = kind(lab, node)
        self.wrong = []
        self.thread = threading.Thread(target=self._live)
        self.thread.start()

    def _check(self, what, holds):
        if not holds:
            self.wrong.append(what)

    def _renewed(self, address, how):
        before = self.ends_s(address)
        until(lambda: self.ends_s(address) > before, f"{address} {how}", 40)
        # The server answers a second before the lease ends, so the kernel may have let the address go until the client's
        # script has run.
        until(lambda: self.lab.address(self.node) == address, f"{self.node} keeps {address} when it {how}", 10)

    def _live(self):
        try:
            address = self.client.get()
            self._check(f"it gets an address, not {address}", address.startswith(f"10.0.{self.third}."))
            routes = self.lab.ip(self.node, "route").stdout
            self._check(f"and a route: {routes}", f"default via 10.0.{self.third}.1 " in routes)
            if self.renews:
                self._renewed(address, "renews")
                # What it sends to the server alone is lost, and it has to ask everybody.
                self.lab.on(self.node, "nft", DROP)
                self._renewed(address, "rebinds")
                self.lab.on(self.node, "nft", "delete table ip t")
            self.client.release()
            until(lambda: not self.has(address), f"{address} is given back")
            self._check("it has none", self.lab.address(self.node) == "")
            again = self.client.get()
            self._check(f"it gets {address} again, not {again}", again == address)
            self.client.release()
        except (LabError, subprocess.TimeoutExpired, OSError) as error:
            self.wrong.append(str(error))


def lives(tap, lab, where, ends_s, has, renews=True):
    all_of_them = [Life(lab, node, ends_s, has, renews) for node in CLIENTS]
    for life in all_of_them:
        life.thread.join()
        tap.case(f"{where}: {life.node} gets, {'renews, rebinds, ' if renews else ''}releases and gets again", life.wrong)


def of_ours(router):
    """What the daemon says of a lease."""
    def lease(address):
        return router.ask("show", "leases", f"{address}/32")["leases"][0]
    return lambda address: lease(address)["ends"], lambda address: lease(address)["state"] == "bound"


class Dnsmasq:
    """As a server, or as a relay."""

    def __init__(self, lab, node, *options):
        self.path = f"/run/{node}.dnsmasq"
        self.process = lab.spawn(node, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root",
                                 f"--dhcp-leasefile={self.path}", "--log-facility=-", "--no-ping", f"--pid-file={self.path}.pid",
                                 *options, stderr=subprocess.PIPE)
        self.log = []
        while "started" not in (self.log or [""])[-1]:
            line = self.process.stderr.readline()
            if not line:
                raise LabError("dnsmasq did not start: " + "".join(self.log))
            self.log.append(line)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        self.log.extend(self.process.stderr)

    def has(self, address):
        with open(self.path, encoding="ascii") as file:
            return any(f" {address} " in line for line in file)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def body(tap):
    run("mount", "-t", "tmpfs", "tmpfs", "/var/lib/dhcpcd")
    lab = Lab(os.path.join(source, "lab/clients.lab"))
    middle = start_unless_forbidden(tap, lambda: Router(lab, "middle", build, DIRECT))
    lives(tap, lab, "directly", *of_ours(middle))

    server = Router(lab, "server", build, SERVER)
    middle.configure(RELAY)
    middle.fairlead("reload")
    lives(tap, lab, "through our relay from our server", *of_ours(server))
    lease = server.ask("show", "leases")["leases"][0]
    passed = middle.dhcp_counts()
    check(tap, "the relay has counted them", passed["relay-requests"] > 0 and passed["relay-replies"] > 0 and
          lease["interface"] is None, passed, lease)

    roles = children(middle.process.pid)
    middle.configure(PLAIN)
    middle.fairlead("reload")
    until(lambda: len(children(middle.process.pid)) == len(roles) - 1, "the DHCP role, which relays, has ended")
    relay = Dnsmasq(lab, "middle", *(f"--dhcp-relay=10.0.{n}.1,192.0.2.2" for n in (1, 2, 3)))
    lives(tap, lab, "through dnsmasq's relay from our server", *of_ours(server))
    relay.stop()
    check(tap, "the server stops with status 0", server.stop() == 0, *server.log)

    middle.configure(RELAY)
    middle.fairlead("reload")
    dnsmasq = Dnsmasq(lab, "server", *(f"--dhcp-range=set:lan{n},10.0.{n}.10,10.0.{n}.20,255.255.255.0" for n in (1, 2, 3)),
                      *(f"--dhcp-option=tag:lan{n},3,10.0.{n}.1" for n in (1, 2, 3)))
    lives(tap, lab, "through our relay from dnsmasq", None, dnsmasq.has, renews=False)  # its shortest lease is 2 min
    dnsmasq.stop()
    check(tap, "it stops with status 0", middle.stop() == 0, *middle.log)


run_in_lab(body)
