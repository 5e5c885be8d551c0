#!/usr/bin/env python3
"""The kernel's rules for forwarded packets are followed at every moment: rules.py SOURCE_ROOT BUILD_ROOT DOOR

Filters and translation by nftables, policy rules, old iptables: before, while and after Fairlead runs, while its engine is
dead, and where the configuration says that they do not matter. Packets carry the time at which they were sent: none of
those that were sent while a rule forbade it may arrive.
"""
import ctypes
import os
import shutil
import signal
import socket
import struct
import sys
import time

source, build, door = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab, LabError  # noqa: E402
from observe import check, roles, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from stamps import PORT, Stamps  # noqa: E402

LEFT, RIGHT, ROUTER = "10.0.1.10", "10.0.2.10", "10.0.2.1"
CONFIGURATION = f'interface "lan0" {{ door = "{door}" }}\ninterface "lan1" {{ door = "{door}" }}\n'
CYCLES = 100
CONNECTIONS = 30
TABLE = "table ip t { chain c { type filter hook forward priority 0; policy accept; }; }"
NAT = "table ip n { chain c { type nat hook postrouting priority 100; }; }"
RULE = f"ip t c udp dport {PORT} drop"
# With it connections are tracked, and those that have been translated are translated on without the rule for it.
TRACKING = "table ip k { chain c { type filter hook input priority 0; ct state established accept; }; }"
MASQUERADE = 'ip n c oifname "lan1" masquerade'


class Nft:
    """nftables' own library, so that nothing passes between a change and what comes after it."""

    def __init__(self, lab, node):
        self.library = ctypes.CDLL("libnftables.so.1")
        self.library.nft_ctx_new.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(lab.inside(node, lambda: self.library.nft_ctx_new(0)))

    def __call__(self, *commands):
        if self.library.nft_run_cmd_from_buffer(self.context, "\n".join(commands).encode()):
            raise LabError(f"nft: {commands}")


class Net:
    def __init__(self):
        self.lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
        self.lab.let_hosts_poll(os.path.join(build, "lab/poll.bpf.o"))
        self.header = self.lab.mac("middle", "lan0") + self.lab.mac("left", "eth0") + b"\x08\x00"
        self.nft = Nft(self.lab, "middle")
        self.router = None
        self.ping()

    def middle(self, *command, check=True):
        return self.lab.on("middle", *command, check=check)

    def ping(self):
        self.lab.on("left", "ping", "-n", "-c", "1", "-W", "3", RIGHT)

    def start(self, more=""):
        self.router = Router(self.lab, "middle", build, more + CONFIGURATION)
        return self.router

    def stamps(self):
        return Stamps(self.lab, "left", "right", self.header, (LEFT, RIGHT))

    def cut(self):
        return self.router.counters()["lan0"]["cut"]

    def state(self):
        return self.router.ask("show", "ports")["ports"][0]

    def kernel_raises(self):
        """Whether the kernel's own functions raise the alarm."""
        return os.path.exists(f"{self.router.directory}/bpf/alarm_nftables")

    def grace_ns(self):
        """How long after a change whoever hears of it may take; the kernel tells nftables first that it is made."""
        return 0 if self.kernel_raises() else 2_000_000

    def until_forwards(self):
        until(lambda: self.state()["state"] == "forwards", "the door forwards")

    def until_aside(self):
        until(lambda: self.state()["state"] != "forwards", "the door stands aside")


def leaks(stream, windows):
    """What has arrived of that which was sent within windows: how many, and how long after its beginning the last."""
    found = []
    for begin, end in windows:
        arrived, _ = stream.between(begin, end)
        if arrived:
            found.append(f"{len(arrived)} until {(arrived[-1] - begin) / 1000:.0f} us")
    return found


def losses(stream, windows):
    """What has not arrived of that which was sent within windows."""
    found = [stream.between(begin, end) for begin, end in windows]
    return [f"{len(lost)} of {len(lost) + len(arrived)}" for arrived, lost in found if lost]


def filtered_by(tap, net, name, forbid, allow, cycles=CYCLES):
    """A rule comes and goes. After each change that forbids nothing arrives until it is taken back. The daemon is a new one
    each time, whose log has room for what it says."""
    if net.router:
        net.router.stop()
    net.start()
    net.ping()
    before, stream, windows, arriving = net.cut(), net.stamps(), [], []
    for _ in range(cycles):
        forbid()
        begun = time.monotonic_ns() + net.grace_ns()
        time.sleep(0.005)
        ended = time.monotonic_ns()
        allow()
        windows.append((begun, ended))
        begun = time.monotonic_ns()
        time.sleep(0.005)
        arriving.append((begun, time.monotonic_ns()))
    stream.end()
    through = leaks(stream, windows)
    check(tap, f"{name}: what is forbidden does not arrive ({cycles} times, {len(stream.sent)} packets)", not through, *through)
    lost = losses(stream, arriving)
    check(tap, f"{name}: what is allowed does", not lost, *lost)
    net.until_forwards()
    check(tap, f"{name}: the door has forwarded in between", net.cut() > before, net.cut() - before)


def a_filter_before_and_after(tap, net):
    """The rule is there before Fairlead, while it starts, runs and stops, and afterwards."""
    net.nft(TABLE, f"add rule {RULE}")
    stream = net.stamps()
    time.sleep(0.05)
    router = start_unless_forbidden(tap, net.start)
    net.until_aside()
    why = net.state()
    check(tap, "show ports says why the door stands aside", "firewall" in str(why), why)
    check(tap, "so does the log", any("rules for forwarded packets (nftables chain t c)" in line for line in router.log),
          *router.log)
    router.stop()
    net.router = None
    time.sleep(0.05)
    stream.end()
    check(tap, "a filter of before: nothing has passed, from before the start until after the end",
          len(stream.sent) > 100 and not stream.arrived, len(stream.sent), len(stream.arrived))
    net.nft("delete table ip t")


def filters_while_it_runs(tap, net):
    net.nft(TABLE)
    filtered_by(tap, net, "a rule in a chain that was empty", lambda: net.nft(f"add rule {RULE}"),
                lambda: net.nft("flush chain ip t c"))
    net.nft("delete table ip t")
    filtered_by(tap, net, "a table of its own", lambda: net.nft(TABLE, f"add rule {RULE}"),
                lambda: net.nft("delete table ip t"))
    filtered_by(tap, net, "a policy rule",
                lambda: net.middle("ip", "rule", "add", "from", LEFT, "to", RIGHT, "blackhole", "pref", "100"),
                lambda: net.middle("ip", "rule", "del", "pref", "100"), CYCLES // 4)
    if not shutil.which("iptables-legacy") or net.middle("iptables-legacy", "-S", check=False).returncode:
        tap.skip("old iptables", "this kernel has none; run it on one that has")
        return
    net.middle("iptables-legacy", "-A", "FORWARD", "-p", "udp", "--dport", str(PORT), "-j", "DROP")
    net.until_aside()
    stream = net.stamps()
    time.sleep(0.05)
    stream.end()
    check(tap, "old iptables are found, though they tell nothing", stream.sent and not stream.arrived, len(stream.arrived))
    net.middle("iptables-legacy", "-F", "FORWARD")
    net.until_forwards()


def the_engine_is_dead(tap, net):
    """Its doors go on without it; a rule that comes meanwhile counts at once."""
    net.router.stop()
    net.start()
    net.ping()
    stream = net.stamps()
    for wait in ("0", "100", "200", "400", "800", "1600"):
        (pid,) = roles(net.router.process.pid, "engine")
        os.kill(pid, signal.SIGKILL)
        net.router.wait_for(f"the engine was killed by signal 9; starting it again in {wait} ms")
        if wait != "1600":
            until(lambda: (found := roles(net.router.process.pid, "engine")) and found != [pid], "the next one")  # noqa: B023
            net.until_forwards()
    net.nft(TABLE, f"add rule {RULE}")
    begun = time.monotonic_ns() + net.grace_ns()
    alone = not roles(net.router.process.pid, "engine")
    net.until_aside()
    time.sleep(0.3)
    ended = time.monotonic_ns()
    net.nft("delete table ip t")
    net.until_forwards()
    stream.end()
    through = leaks(stream, [(begun, ended)])
    check(tap, "a rule that comes while the engine is dead", alone and not through, alone, through)
    check(tap, "until then its door has forwarded", stream.arrived and min(stream.arrived) < begun, len(stream.arrived))


def all_is_dead(tap, net):
    """A rule that comes while nobody is there to hear of it counts at the latest when somebody is there again; where the
    kernel's own functions raise the alarm, at once."""
    watched = net.kernel_raises()
    net.ping()
    os.kill(net.router.process.pid, signal.SIGKILL)
    net.router.process.wait()
    stream = net.stamps()
    time.sleep(0.02)
    net.nft(TABLE, f"add rule {RULE}")
    begun = time.monotonic_ns()
    net.start()
    begun = begun if watched else time.monotonic_ns()
    time.sleep(0.3)
    ended = time.monotonic_ns()
    net.nft("delete table ip t")
    net.until_forwards()
    stream.end()
    check(tap, f"a rule that comes while nobody is there (the kernel {'raises' if watched else 'does not raise'} the alarm)",
          not (through := leaks(stream, [(begun, ended)])), through)


class Talk:
    """TCP from left to right, and who right takes for the sender."""

    def __init__(self, net):
        self.net = net
        self.listener = net.lab.inside("right", lambda: socket.create_server((RIGHT, 7007), backlog=64))
        self.listener.settimeout(10)

    def connect(self):
        near = self.net.lab.inside("left", lambda: socket.create_connection((RIGHT, 7007), 10))
        far, (address, _) = self.listener.accept()
        far.settimeout(10)
        return near, far, address

    @staticmethod
    def exchange(near, far):
        near.sendall(b"there")
        if far.recv(16) != b"there":
            return False
        far.sendall(b"back")
        return near.recv(16) == b"back"

    def address(self):
        near, far, address = self.connect()
        near.close()
        far.close()
        return address


def forget_connections(net):
    """As conntrack -F does it."""
    def flush():
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as netlink:
            netlink.send(struct.pack("=IHHIIBBH", 20, 1 << 8 | 2, 5, 1, 0, socket.AF_INET, 0, 0))
            netlink.recv(4096)
    net.lab.inside("middle", flush)


def masquerading(tap, net):
    talk = Talk(net)
    net.nft(TRACKING)
    net.nft(NAT, f"add rule {MASQUERADE}")
    before = talk.connect()
    router = net.start()
    during = talk.connect()
    check(tap, "translation of before: Fairlead starts and connections stay", talk.exchange(*before[:2]))
    check(tap, "new ones are translated", [before[2], during[2]] == [ROUTER, ROUTER], before[2], during[2])
    router.stop()
    check(tap, "it stops and they stay", talk.exchange(*before[:2]) and talk.exchange(*during[:2]))
    net.start()
    net.nft("flush chain ip n c")
    check(tap, "the rule is gone: what it made is translated on", talk.exchange(*before[:2]) and talk.exchange(*during[:2]))
    check(tap, "and nothing else is", (address := talk.address()) == LEFT, address)
    time.sleep(1.5)  # several looks at the rules later
    check(tap, "the door stands aside for them", net.state()["state"] != "forwards" and talk.exchange(*before[:2]), net.state())
    for near, far, _ in (before, during):
        near.close()
        far.close()
    forget_connections(net)
    net.until_forwards()
    check(tap, "until they are over", True)
    net.nft("delete table ip k")
    seen = []
    for _ in range(CONNECTIONS):
        net.nft(f"add rule {MASQUERADE}")
        seen.append(talk.address())
        net.nft("delete table ip n")
        seen.append(talk.address())
        net.nft(NAT)
    check(tap, f"translation comes and goes, {CONNECTIONS} times", seen == [ROUTER, LEFT] * CONNECTIONS, seen)
    net.nft("delete table ip n")
    net.until_forwards()


def rules_that_do_not_matter(tap, net):
    net.nft(TABLE, f"add rule {RULE}")
    net.until_aside()
    net.router.configure("bypass-firewall = true\n" + CONFIGURATION)
    net.router.fairlead("reload")
    net.until_forwards()
    before = net.cut()
    stream = net.stamps()
    added = 0
    while added < 50 or net.cut() - before < 50:
        net.nft(f"add rule {RULE}")
        added += 1
    stream.end()
    net.nft("delete table ip t")
    sent, arrived = len(stream.sent), len(stream.arrived)
    check(tap, "bypass-firewall: rules are passed by", arrived == sent and net.cut() - before >= sent, sent, arrived,
          net.cut() - before)
    net.router.configure(CONFIGURATION)
    net.router.fairlead("reload")
    check(tap, "it stops in order", net.router.stop() == 0, *net.router.log)
    said = "forwarded without regard to the kernel's rules (nftables chain t c), as bypass-firewall says"
    check(tap, "and the log says so", any(said in line for line in net.router.log), *net.router.log)


def main(tap):
    net = Net()
    if net.middle("nft", "list", "tables", check=False).returncode:
        tap.skip("all of it", "this kernel has no nf_tables; run it on one that has")
        return
    a_filter_before_and_after(tap, net)
    filters_while_it_runs(tap, net)
    the_engine_is_dead(tap, net)
    all_is_dead(tap, net)
    net.router.stop()
    masquerading(tap, net)
    rules_that_do_not_matter(tap, net)


run_in_lab(main)
