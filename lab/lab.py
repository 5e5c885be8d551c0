#!/usr/bin/env python3
"""Networks in namespaces: lab.py FILE [COMMAND ...]

Starts the lab that FILE describes and runs COMMAND in it (a shell if there is none). A lab lives in network, mount and
process namespaces of its own: when the command ends, however it ends, nothing of the lab is left. Inside, every node
is a network namespace that `ip netns` knows (`ip -n NODE addr`, `nsenter --net=/run/netns/NODE COMMAND`).

A file has a line for each thing; # begins a comment:

    host NAME                                   forwards nothing
    router NAME                                 forwards IPv4
    link NODE:IF[=ADDRESS/LENGTH] NODE:IF[=ADDRESS/LENGTH]     a veth pair
    route NODE PREFIX via ADDRESS ...           "default" is a prefix too; several ways, each behind a via

Tests use it as a library: enter(), Lab(FILE), on(), spawn().
"""
import ctypes
import os
import re
import signal
import subprocess
import sys

INSIDE = "FAIRLEAD_LAB"
NODE = r"[a-z][a-z0-9-]*"
END = rf"({NODE}):([a-z][a-z0-9.-]{{0,14}})(?:=([0-9./]+))?"


class LabError(Exception):
    pass


def enter():
    """Run this very program again in namespaces of its own, unless that has been done; needs root."""
    if os.environ.get(INSIDE) == str(os.getppid()):
        for command in (
                ["mount", "--make-rprivate", "/"],
                ["mount", "-t", "tmpfs", "tmpfs", "/run"],
                ["mkdir", "-p", "/run/netns"],
                # What programs in a lab write into /etc (resolv.conf, ...) stays in it.
                ["cp", "-a", "/etc", "/run/etc"],
                ["mount", "--bind", "/run/etc", "/etc"],
                ["mount", "-t", "sysfs", "sysfs", "/sys"],
                ["mount", "-t", "bpf", "bpf", "/sys/fs/bpf"],
                ["ip", "link", "set", "lo", "up"]):
            subprocess.run(command, check=True)
        return
    # The program becomes a grandchild: unshare forks, and takes its child along when it dies.
    os.environ[INSIDE] = "0"  # the parent of process 1 of the namespace is in none
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc",
                          sys.executable, *sys.argv])


def die_with_parent():
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL


class Lab:
    def __init__(self, path):
        """Make the network. LabError names file and line of what is wrong."""
        self.nodes, self.links = {}, []
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                words = " ".join(line.partition("#")[0].split())
                if words:
                    try:
                        self._line(words)
                    except LabError as error:
                        raise LabError(f"{path}:{number}: {error}") from None

    def _line(self, words):
        if found := re.fullmatch(rf"(host|router) ({NODE})", words):
            self._add_node(found[2], found[1] == "router")
        elif found := re.fullmatch(rf"link {END} {END}", words):
            self._add_link(found.groups()[:3], found.groups()[3:])
        elif found := re.fullmatch(rf"route ({NODE}) (\S+)((?: via \S+)+)", words):
            self._need(found[1])
            ways = found[3].split()[1::2]
            hops = ["via", ways[0]] if len(ways) == 1 else [word for way in ways for word in ("nexthop", "via", way)]
            self.ip(found[1], "route", "add", found[2], *hops)
        else:
            raise LabError(f"'{words}': host, router, link or route expected, as lab.py describes them")

    def _need(self, node):
        if node not in self.nodes:
            raise LabError(f"'{node}' is no host or router of this lab so far")

    def _add_node(self, name, router):
        if name in self.nodes:
            raise LabError(f"'{name}' is there already")
        self.nodes[name] = "router" if router else "host"
        run("ip", "netns", "add", name)
        self.ip(name, "link", "set", "lo", "up")
        self.on(name, "sysctl", "-qw", f"net.ipv4.ip_forward={int(router)}", "net.ipv6.conf.all.disable_ipv6=1",
                "net.ipv6.conf.default.disable_ipv6=1")

    def _add_link(self, *ends):
        for node, _, _ in ends:
            self._need(node)
        (node, name, _), (peer, peer_name, _) = ends
        run("ip", "link", "add", name, "netns", node, "type", "veth", "peer", "name", peer_name, "netns", peer)
        for node, name, address in ends:
            if address:
                self.ip(node, "addr", "add", address, "dev", name)
            self.ip(node, "link", "set", name, "up")
            self.links.append((node, name))

    def ip(self, node, *arguments):
        return run("ip", "-n", node, *arguments)

    def on(self, node, *command, check=True, **options):
        """Run a command at a node to its end; its output is in the result (stdout, stderr)."""
        return run(*self._at(node, command), check=check, **options)

    def spawn(self, node, *command, **options):
        """Start a command at a node; it dies with this program at the latest."""
        return subprocess.Popen(self._at(node, command), text=True, preexec_fn=die_with_parent, **options)

    @staticmethod
    def inside(node, body):
        """What body() returns, at a node; sockets that it opens stay there. Of a program's main thread alone."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net", "rb") as own, open(f"/run/netns/{node}", "rb") as other:
            if libc.setns(other.fileno(), 0):
                raise OSError(ctypes.get_errno(), "setns")
            try:
                return body()
            finally:
                libc.setns(own.fileno(), 0)

    @staticmethod
    def _at(node, command):
        return ["nsenter", f"--net=/run/netns/{node}", *command]

    def dhclient(self, node, *options, interface="eth0", check=True):
        """Let ISC's client get a lease for an interface (-r: give it back). The address that it has then; "" for none.
        A client that is there already ends."""
        files = ["-lf", f"/run/{node}.leases", "-pf", f"/run/{node}.dhclient", "-sf",
                 os.path.join(os.path.dirname(os.path.abspath(__file__)), "dhclient-script")]
        if os.path.exists(files[3]) and "-r" not in options:
            self.on(node, "dhclient", "-x", *files, interface)
        self.on(node, "dhclient", "-1", "-v", *options, *files, interface, check=check)
        return self.address(node, interface)

    def address(self, node, interface="eth0"):
        """The first IPv4 address at an interface; "" for none."""
        found = re.search(r"inet ([0-9.]+)/", self.ip(node, "-4", "-o", "addr", "show", "dev", interface).stdout)
        return found[1] if found else ""

    def mac(self, node, interface):
        """The hardware address of an interface, as bytes."""
        found = re.search(r"link/ether (\S+)", self.ip(node, "-o", "link", "show", "dev", interface).stdout)
        return bytes.fromhex(found[1].replace(":", ""))

    def let_hosts_poll(self, program):
        """Give the hosts' ends an XDP program that passes everything: a veth takes frames from an XDP door only if its
        other end polls. The hosts' offloads stay as they are; what has such a program already gets it anew."""
        for node, name in self.links:
            if self.nodes[node] == "host":
                # Not ip -n, which mounts a /sys of its own over the bpffs that it needs then.
                self.on(node, "ip", "-force", "link", "set", "dev", name, "xdp", "object", program, "section", "xdp.frags")


def end_ping(ping):
    """Interrupt a ping that runs, with its output in a pipe: how many it has sent, and how many came back."""
    ping.send_signal(signal.SIGINT)
    said = ping.communicate(timeout=60)[0]
    sent, back = re.search(r"(\d+) packets transmitted, (\d+) received", said).groups()
    return int(sent), int(back)


def run(*command, check=True, timeout=60, **options):
    result = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **options)
    if check and result.returncode:
        raise LabError(f"{' '.join(command)}: {(result.stderr or result.stdout).strip()}")
    return result


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        sys.exit(0 if len(sys.argv) > 1 else 2)
    if os.geteuid():
        sys.exit("lab: this needs root")
    enter()
    try:
        Lab(sys.argv[1])
    except (LabError, OSError) as error:
        sys.exit(f"lab: {error}")
    sys.exit(subprocess.run(sys.argv[2:] or [os.environ.get("SHELL", "/bin/sh")], check=False).returncode)


if __name__ == "__main__":
    main()
