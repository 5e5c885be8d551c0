#!/usr/bin/env python3
"""Ports of every kind: kinds.py SOURCE_ROOT BUILD_ROOT

VLANs, bridges, bonds, tunnels, with and without an Ethernet header: each is made between the router and a host, becomes a
port, and pings and TCP pass it both ways by the door. Where the way is narrower there than TCP knows, it finds out.
"""
import fcntl
import os
import socket
import struct
import subprocess
import sys

source, build = sys.argv[1:3]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab, LabError  # noqa: E402
from observe import check, ip_counter, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

LEFT, NEAR, FAR = "10.0.1.10", "10.0.9.1", "10.0.9.10"
BYTES = 2_000_000
NARROW = 1300  # the MTU of the router's end, for a while

# What makes the two ends, at the router and at right: commands for ip(8), of which {0} is the port.
KINDS = {
    "vlan": (["link add link lan1 name {0} type vlan id 10"], ["link add link eth0 name {0} type vlan id 10"]),
    "qinq": (["link add link lan1 name out0 type vlan proto 802.1ad id 20", "link set out0 up",
              "link add link out0 name {0} type vlan id 10"],
             ["link add link eth0 name out0 type vlan proto 802.1ad id 20", "link set out0 up",
              "link add link out0 name {0} type vlan id 10"]),
    "bridge": (["link add {0} type bridge", "link set lan1 master {0}"], None),
    "bond": (["link add {0} type bond mode active-backup", "link set lan1 down", "link set lan1 master {0}"], None),
    "bond-rr": (["link add {0} type bond mode balance-rr", "link set lan1 down", "link set lan1 master {0}"], None),
    "macvlan": (["link add link lan1 name {0} type macvlan mode bridge"], None),
    "vxlan": (["link add {0} type vxlan id 5 dstport 4789 remote 10.0.2.10 local 10.0.2.1 dev lan1"],
              ["link add {0} type vxlan id 5 dstport 4789 remote 10.0.2.1 local 10.0.2.10 dev eth0"]),
    "gretap": (["link add {0} type gretap remote 10.0.2.10 local 10.0.2.1"],
               ["link add {0} type gretap remote 10.0.2.1 local 10.0.2.10"]),
    "gre": (["link add {0} type gre remote 10.0.2.10 local 10.0.2.1"],
            ["link add {0} type gre remote 10.0.2.1 local 10.0.2.10"]),
    "ipip": (["link add {0} type ipip remote 10.0.2.10 local 10.0.2.1"],
             ["link add {0} type ipip remote 10.0.2.1 local 10.0.2.10"]),
    "wireguard": (["link add {0} type wireguard"], ["link add {0} type wireguard"]),
    "tun": None,
}
BARE = {"gre", "ipip", "wireguard", "tun"}


class Net:
    def __init__(self):
        self.lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
        self.router = None
        self.lab.on("left", "sysctl", "-qw", "net.ipv4.tcp_mtu_probing=0")

    def by_kernel(self):
        return ip_counter(self.lab, "middle", "ForwDatagrams")

    def ping(self, node, address, *options):
        return self.lab.on(node, "ping", "-n", "-c", "3", "-i", "0.05", "-W", "3", *options, address, check=False).stdout

    def transfer(self, sender, receiver, address):
        """BYTES from a node to another; how many arrived, and the largest segment at the end."""
        listener = self.lab.inside(receiver, lambda: socket.create_server((address, 0)))
        near = self.lab.inside(sender, lambda: socket.create_connection(listener.getsockname(), 10))
        far, _ = listener.accept()
        near.settimeout(20)
        sent = got = 0
        while got < BYTES:
            if sent < BYTES:
                sent += near.send(bytes(min(65536, BYTES - sent)))
            far.settimeout(0.001 if sent < BYTES else 20)
            try:
                got += len(far.recv(1 << 20))
            except TimeoutError:
                if sent == BYTES and far.gettimeout() == 20:
                    break
        mss = near.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
        for one in (near, far, listener):
            one.close()
        return got, mss


class Tun:
    """A wire between two tun interfaces, as a process that carries packets from one to the other."""

    def __init__(self, lab, ends):
        self.fds = [lab.inside(node, lambda name=name: self.open(name)) for node, name in ends]
        self.process = subprocess.Popen([sys.executable, "-c", TUN_PUMP, *map(str, self.fds)], pass_fds=self.fds)

    @staticmethod
    def open(name):
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", name.encode(), 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
        return fd

    def close(self):
        self.process.kill()
        self.process.wait()
        for fd in self.fds:
            os.close(fd)


TUN_PUMP = """
import os, select, sys
a, b = map(int, sys.argv[1:])
other = {a: b, b: a}
while True:
    for fd in select.select([a, b], [], [])[0]:
        os.write(other[fd], os.read(fd, 65536))
"""


def wireguard(net, port):
    """Keys and peers, by wg(8)."""
    keys = {}
    for node in ("middle", "right"):
        private = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout
        public = subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True, check=True).stdout.strip()
        with open(f"/run/{node}.key", "w", encoding="ascii") as file:
            file.write(private)
        keys[node] = public
    for node, other, at in (("middle", "right", "10.0.2.10"), ("right", "middle", "10.0.2.1")):
        net.lab.on(node, "wg", "set", port, "listen-port", "51820", "private-key", f"/run/{node}.key", "peer", keys[other],
                   "allowed-ips", "0.0.0.0/0", "endpoint", f"{at}:51820")


def make(net, kind, port):
    """The link; returns what is to be closed afterwards. LabError if the kernel does not have such."""
    wire, far = None, port
    if kind == "tun":
        wire = Tun(net.lab, [("middle", port), ("right", port)])
    else:
        near_commands, far_commands = KINDS[kind]
        for node, commands in (("middle", near_commands), ("right", far_commands or [])):
            for command in commands:
                net.lab.ip(node, *command.format(port).split())
        if not far_commands:
            far = "eth0"
        if kind == "wireguard":
            wireguard(net, port)
    for node, name, address in (("middle", port, NEAR), ("right", far, FAR)):
        net.lab.ip(node, "addr", "add", f"{address}/24", "dev", name)
        net.lab.ip(node, "link", "set", name, "up")
    net.lab.ip("middle", "link", "set", "lan1", "up")
    net.lab.ip("right", "route", "replace", "10.0.1.0/24", "via", NEAR)
    return wire


def unmake(net, kind, port, wire):
    if wire:
        wire.close()
    for node in ("middle", "right"):
        for name in (port, "out0"):
            net.lab.on(node, "ip", "link", "del", name, check=False)
    net.lab.on("right", "ip", "addr", "del", f"{FAR}/24", "dev", "eth0", check=False)
    net.lab.on("right", "ip", "route", "replace", "10.0.1.0/24", "via", "10.0.2.1")
    net.lab.ip("middle", "link", "set", "lan1", "up")


def it_passes(tap, net, kind, port):
    """Pings and TCP, and none of it by the kernel."""
    name = f"{kind}{' (without an Ethernet header)' if kind in BARE else ''}"
    net.ping("left", FAR)
    before, counted = net.by_kernel(), net.router.counters()
    said = net.ping("left", FAR)
    back = net.ping("right", LEFT, "-I", FAR)
    check(tap, f"{name}: pings pass, both ways", " 0% packet loss" in said and " 0% packet loss" in back, said, back)
    there, _ = net.transfer("left", "right", FAR)
    back, _ = net.transfer("right", "left", LEFT)
    check(tap, f"{name}: so does TCP", there == back == BYTES, there, back)
    now = net.router.counters()
    cut = [now[one]["cut"] - counted[one]["cut"] for one in ("lan0", port)]
    check(tap, f"{name}: by the door ({cut} packets)", net.by_kernel() == before and min(cut) > 10, net.by_kernel() - before,
          cut, now[port], now["lan0"])


def it_is_narrow(tap, net, kind, port):
    """The router's end takes less than the ends of the connection know of: they are told, and TCP goes on."""
    net.lab.ip("middle", "link", "set", port, "mtu", str(NARROW))
    until(lambda: [one["mtu"] for one in net.router.ask("show", "ports")["ports"] if one["port"] == port] == [NARROW],
          "the smaller MTU")
    got, mss = net.transfer("left", "right", FAR)
    cached = net.lab.ip("left", "route", "get", FAR).stdout
    check(tap, f"{kind}: TCP finds out that it is narrow", got == BYTES and mss <= NARROW - 40 and f"mtu {NARROW}" in cached,
          got, mss, cached)
    # A bond's MTU is its members' too, and a veth takes nothing that is longer: the answers are cut as well.
    far = net.lab.ip("right", "-o", "addr", "show", "to", FAR).stdout.split()[1]
    net.lab.ip("right", "link", "set", far, "mtu", str(NARROW))
    said = net.ping("left", FAR, "-s", "1372", "-M", "dont")
    if far == "eth0":
        net.lab.ip("right", "link", "set", far, "mtu", "1500")
    check(tap, f"{kind}: what may be cut is cut", " 0% packet loss" in said, said)
    said = net.ping("left", FAR, "-t", "1")
    check(tap, f"{kind}: an expired TTL is told", "From 10.0.1.1 icmp_seq=1 Time to live exceeded" in said, said)
    said = net.ping("right", "10.0.1.99", "-I", FAR)
    check(tap, f"{kind}: an unreachable host is told", f"From {NEAR} icmp_seq=1 Destination Host Unreachable" in said, said)
    net.lab.on("left", "ip", "route", "flush", "cache")


def it_needs_ethernet(tap, net, kind, port):
    """What cannot be had without an Ethernet header is refused, and the port comes back without it."""
    configuration = f'interface "lan0" {{ }}\ninterface "{port}" {{ %s }}\n'
    state = lambda: [one["state"] for one in net.router.ask("show", "ports")["ports"] if one["port"] == port]  # noqa: E731
    for more, wanted in (('rate = "1Mbit"', "no-door"), ("", "forwards")):
        net.router.configure(configuration % more)
        net.router.fairlead("reload")
        until(lambda: state() == [wanted], f"{port}: {wanted}")  # noqa: B023
    said = net.ping("left", FAR)
    check(tap, f"{kind}: a rate is refused, and without it all is well", " 0% packet loss" in said, said)


def jumbo_frames(tap, net):
    """Frames in several pieces at XDP doors."""
    net.lab.let_hosts_poll(os.path.join(build, "lab/poll.bpf.o"))
    for node, name in net.lab.links:
        net.lab.ip(node, "link", "set", name, "mtu", "9000")
        net.lab.on(node, "ethtool", "-K", name, "tx", "off")  # XDP doors leave half-made checksums to the kernel
    net.router = Router(net.lab, "middle", build, 'interface "lan0" { door = "xdp" }\ninterface "lan1" { door = "xdp" }\n')
    net.ping("left", "10.0.2.10")
    before, counted = net.by_kernel(), net.router.counters()
    said = net.ping("left", "10.0.2.10", "-s", "8900", "-M", "do")
    got, mss = net.transfer("left", "right", "10.0.2.10")
    now = net.router.counters()
    cut = [now[one]["cut"] - counted[one]["cut"] for one in ("lan0", "lan1")]
    check(tap, "jumbo frames pass XDP doors", " 0% packet loss" in said and got == BYTES and mss > 8000, said, got, mss)
    by_kernel = net.by_kernel() - before
    if by_kernel and net.lab.on("middle", "uname", "-r").stdout < "6.3":
        tap.skip("and are cut through", "this kernel redirects no frames in several pieces; run it on Linux 6.3 or later")
    else:
        check(tap, f"and are cut through ({cut} packets)", by_kernel == 0 and min(cut) > 10, by_kernel, cut, now)
    said = net.ping("left", "10.0.2.10", "-s", "1000")
    check(tap, "small ones too", " 0% packet loss" in said, said)
    net.router.stop()


def a_better_way_is_told(tap, net):
    """What leaves where it came from goes the kernel's way, which tells its sender of the gateway that is nearer."""
    net.lab.on("middle", "sysctl", "-qw", "net.ipv4.conf.lan0.send_redirects=1")
    net.lab.on("left", "ip", "addr", "add", "10.0.1.77/24", "dev", "eth0")
    net.lab.ip("middle", "route", "add", "10.0.5.0/24", "via", "10.0.1.77")
    net.lab.ip("left", "route", "add", "10.0.5.0/24", "via", "10.0.1.1")
    net.ping("middle", "10.0.1.77")
    before = net.router.counters()["lan0"].get("kernel:same-port", 0)
    said = net.ping("left", "10.0.5.1", "-I", LEFT)
    check(tap, "ICMP redirects are sent", "From 10.0.1.1" in said and "Redirect Host(New nexthop: 10.0.1.77)" in said, said)
    now = net.router.counters()["lan0"]
    check(tap, "and that is why the door left it to the kernel", now.get("kernel:same-port", 0) > before, now)
    net.lab.on("left", "ip", "addr", "del", "10.0.1.77/24", "dev", "eth0")
    net.lab.ip("left", "route", "del", "10.0.5.0/24")
    net.lab.ip("middle", "route", "del", "10.0.5.0/24")


def main(tap):
    net = Net()
    net.router = start_unless_forbidden(tap, lambda: Router(net.lab, "middle", build, 'interface "lan0" { }\n'))
    a_better_way_is_told(tap, net)
    wanted = sys.argv[3:] or KINDS
    for kind in wanted:
        port = f"p-{kind}"
        try:
            wire = make(net, kind, port)
        except (LabError, FileNotFoundError) as error:
            unmake(net, kind, port, None)
            tap.skip(f"{kind}", f"run it where there is such an interface: {str(error).splitlines()[0]}")
            continue
        net.router.configure(f'interface "lan0" {{ }}\ninterface "{port}" {{ }}\n')
        net.router.fairlead("reload")
        until(lambda: any(one["port"] == port and one["state"] == "forwards"  # noqa: B023
                          for one in net.router.ask("show", "ports")["ports"]), f"{port} forwards")
        it_passes(tap, net, kind, port)
        it_is_narrow(tap, net, kind, port)
        if kind in BARE:
            it_needs_ethernet(tap, net, kind, port)
        unmake(net, kind, port, wire)
    check(tap, "it stops in order", net.router.stop() == 0, *net.router.log)
    jumbo_frames(tap, net)


run_in_lab(main)
