#!/usr/bin/env python3
"""Nothing stops it: survive.py SOURCE_ROOT BUILD_ROOT DOOR

Roles, the parent, and all of them at once are killed while packets are forwarded: the doors go on, and the next daemon
takes them over; after the dead-man time the kernel forwards. Ports come, go, and change.
"""
import mmap
import os
import random
import signal
import subprocess
import sys
import time

source, build, door = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from bpf_objects import bpf_objects, open_pin  # noqa: E402
from lab import Lab, end_ping  # noqa: E402
from observe import alive, check, children, ip_counter, kill_all, roles, state_of, until, what_is_left  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

SEED = 20261127
STARTS = 15
CONFIGURATION = "\n".join(f'interface "{name}" {{ door = "{door}" }}' for name in ("lan0", "lan1"))


class Net:
    def __init__(self):
        self.lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
        self.lab.let_hosts_poll(os.path.join(build, "lab/poll.bpf.o"))
        self.objects = bpf_objects()
        self.before = state_of(self.lab, "middle")

    def middle(self, *command):
        return self.lab.on("middle", *command).stdout

    def no_objects(self):
        until(lambda: bpf_objects() <= self.objects, f"no BPF objects but those of before: {bpf_objects() - self.objects}")
        return True

    def left_behind(self):
        """What a daemon that has stopped in order has not taken away."""
        self.no_objects()
        return what_is_left(self.before, state_of(self.lab, "middle"))

    def router(self, configuration=CONFIGURATION):
        return Router(self.lab, "middle", build, configuration)

    def by_kernel(self):
        """How many packets the router's kernel has forwarded."""
        return ip_counter(self.lab, "middle", "ForwDatagrams")

    def ping(self, count=1, address="10.0.2.10", sender="10.0.1.10"):
        return self.lab.on("left", "ping", "-n", "-c", str(count), "-i", "0.01", "-W", "1", "-I", sender, address,
                           check=False).returncode == 0

    def forwards_by_itself(self, router):
        """Once neighbours are known, no packet is left to the kernel."""
        def nothing_left():
            before = self.by_kernel()
            return self.ping(3) and self.by_kernel() == before
        until(nothing_left, "the doors forward")
        return router


class Flood:
    """Pings from left to right, one every 5 ms, until it is stopped."""

    def __init__(self, net):
        self.net, self.by_kernel = net, net.by_kernel()
        self.process = net.lab.spawn("left", "ping", "-n", "-i", "0.005", "-W", "3", "10.0.2.10", stdout=-1)
        self.process.stdout.readline()
        self.pass_some(20)

    def pass_some(self, count):
        """Returns when so many more have come back."""
        while count:
            count -= "bytes from" in self.process.stdout.readline()

    def stop(self):
        """How many were sent, how many came back, and how many of both ways the kernel has forwarded."""
        sent, back = end_ping(self.process)
        return sent, back, self.net.by_kernel() - self.by_kernel


def cut(router):
    """Packets that were cut through, by the port at which they came in."""
    return [router.counters()[port]["cut"] for port in ("lan0", "lan1")]


def is_whole(tap, name, flood, router, cut_before):
    sent, back, by_kernel = flood.stop()
    check(tap, f"{name}: no packet is lost", sent == back and sent > 100, f"{sent} sent, {back} came back")
    check(tap, f"{name}: none is left to the kernel", by_kernel == 0, f"{by_kernel} of {2 * sent}")
    counted = [now - before for now, before in zip(cut(router), cut_before)]
    check(tap, f"{name}: all are counted", counted == [sent, sent], counted, sent)


# --- killing ----------------------------------------------------------------------------------------------------------

def a_role_is_killed(tap, net):
    router = net.forwards_by_itself(net.router())
    for name in ("engine", "manage", "plan"):
        before, flood = cut(router), Flood(net)
        check(tap, f"{name}: its BPF objects are seen",
              {"door_tc", "counters"} <= {one[2] for one in bpf_objects() - net.objects}, bpf_objects())
        for _ in range(5):
            (pid,) = roles(router.process.pid, name)
            os.kill(pid, signal.SIGKILL)
            until(lambda: (found := roles(router.process.pid, name)) and found != [pid], "the next one")  # noqa: B023
            router.ask("show", "ports")
            flood.pass_some(5)
        is_whole(tap, f"the role {name} is killed five times", flood, router, before)
    check(tap, "it stops in order", router.stop() == 0, *router.log)
    tap.case("and leaves nothing", net.left_behind())


def kill_parent(router):
    old = children(router.process.pid)
    router.process.kill()
    router.process.wait()
    until(lambda: not any(alive(pid) for pid in old), "the end of the roles")


def the_daemon_is_killed(tap, net):
    for name, kill in (("the parent", kill_parent), ("everything at once", kill_all)):
        router = net.forwards_by_itself(net.router())
        before, flood = cut(router), Flood(net)
        for _ in range(3):
            kill(router)
            flood.pass_some(20)  # nobody is there
            router = net.router()
            flood.pass_some(5)
        is_whole(tap, f"{name} is killed three times", flood, router, before)
        check(tap, f"{name}: the next one says that it takes the doors over",
              sum("in place of the one that the last engine left" in line for line in router.log) == 2, *router.log)
        check(tap, f"{name}: it stops in order", router.stop() == 0, *router.log)
        tap.case(f"{name}: and leaves nothing", net.left_behind())


def the_kernel_takes_over(tap, net):
    router = net.forwards_by_itself(net.router(CONFIGURATION + "\ndead-man = 2s"))
    flood = Flood(net)
    kill_all(router)
    until(lambda: net.by_kernel() > flood.by_kernel + 20, "the kernel forwards")
    sent, back, _ = flood.stop()
    check(tap, "after the dead-man time the kernel forwards, and nothing is lost", sent == back, sent, back)
    before = net.by_kernel()
    check(tap, "it forwards all", net.ping(10) and net.by_kernel() == before + 20, net.by_kernel() - before)
    router = net.forwards_by_itself(net.router())
    check(tap, "the next daemon's doors forward again", True)
    check(tap, "it stops in order", router.stop() == 0, *router.log)
    tap.case("and leaves nothing", net.left_behind())


def it_is_killed_while_it_starts(tap, net):
    """At any moment of a start that finds doors: at random ones, the more the later ones are, in which doors change hands."""
    draw = random.Random(SEED)
    router = net.forwards_by_itself(net.router())
    before, flood = cut(router), Flood(net)
    began = time.monotonic()
    kill_all(router)
    router = net.router()
    whole = time.monotonic() - began  # from one daemon's end to the next one's being ready
    kill_all(router)
    for _ in range(STARTS):
        router.process = net.lab.spawn("middle", *router.command, "--foreground", stderr=subprocess.DEVNULL)
        time.sleep(whole * draw.random() ** 0.5)  # the moment is what is drawn; nothing is waited for
        kill_all(router)
    router = net.router()
    is_whole(tap, f"killed at {STARTS} moments of its start", flood, router, before)
    check(tap, "it stops in order", router.stop() == 0, *router.log)
    tap.case("and leaves nothing", net.left_behind())


def the_engine_hangs(tap, net):
    router = net.forwards_by_itself(net.router(CONFIGURATION + "\ndead-man = 2s"))
    engine, flood = router.ask("show", "version")["engine_pid"], Flood(net)
    os.kill(engine, signal.SIGSTOP)
    until(lambda: net.by_kernel() > flood.by_kernel + 20, "the kernel forwards")
    os.kill(engine, signal.SIGCONT)
    net.forwards_by_itself(router)
    sent, back, _ = flood.stop()
    check(tap, "an engine that hangs: the kernel forwards, then the doors again, and nothing is lost", sent == back, sent, back)
    check(tap, "it was left for that reason", router.counters()["lan0"].get("kernel:stale", 0) > 0, router.counters())
    check(tap, "it stops in order", router.stop() == 0, *router.log)


def numbers_are_kept(tap, net):
    """What is counted stays with its port, whatever ports came and went before."""
    one, two = CONFIGURATION.split("\n")
    router = net.forwards_by_itself(net.router())
    for configuration in (two, two + "\n" + one):  # lan0 comes back under the number that it had, or another
        router.configure(configuration)
        router.fairlead("reload")
    net.forwards_by_itself(router)
    router.configure(one)
    router.fairlead("reload")
    router.configure(one + '\ninterface "absent" { }\n' + two)  # lan1 gets another number
    router.fairlead("reload")
    net.forwards_by_itself(router)
    before = cut(router)
    kill_all(router)
    router = net.router()
    check(tap, "counters stay with their ports", cut(router) == before and min(before) > 0, before, cut(router))
    check(tap, "it stops in order", router.stop() == 0, *router.log)
    tap.case("and leaves nothing", net.left_behind())


def who_may_not_speak_does_not(tap, net):
    """Source guard is on while there is no engine, and while the next one does not know yet who may speak."""
    mac = net.lab.mac("left", "eth0").hex(":")
    guarded = CONFIGURATION.replace('"lan0" {', '"lan0" { source-guard = true address = "10.0.1.1/24" dhcp { pool = '
                                    f'"10.0.1.100-10.0.1.110" }} host "10.0.1.10" {{ mac = "{mac}" }}')
    router = net.router(guarded)
    net.lab.ip("left", "addr", "add", "10.0.1.66/24", "dev", "eth0")
    shut = lambda: router.counters()["lan0"].get("drop:source-guard", 0)  # noqa: E731
    until(lambda: net.ping() and not net.ping(2, "10.0.2.10", "10.0.1.66") and shut(), "source guard is on")
    stranger = net.lab.spawn("left", "ping", "-n", "-i", "0.002", "-I", "10.0.1.66", "10.0.2.10", stdout=subprocess.PIPE)
    flood = Flood(net)
    for _ in range(3):
        before = shut()
        kill_all(router)
        flood.pass_some(20)
        router = net.router(guarded)
        until(lambda: shut() > before + 20, "strangers are heard of")  # noqa: B023
        flood.pass_some(20)
    stranger.send_signal(signal.SIGINT)
    said = stranger.communicate(timeout=60)[0]
    sent, back, _ = flood.stop()
    check(tap, "a stranger's packets never pass", " 0 received" in said, said)
    check(tap, "those of a host that may speak all do", sent == back, sent, back)
    net.lab.ip("left", "addr", "del", "10.0.1.66/24", "dev", "eth0")
    check(tap, "it stops in order", router.stop() == 0, *router.log)
    tap.case("and leaves nothing", net.left_behind())


def it_is_replaced_by_another_version(tap, net):
    """Whose programs are others, so that what the old ones counted means nothing to it."""
    router = net.forwards_by_itself(net.router())
    flood = Flood(net)
    kill_all(router)
    pin = open_pin(f"{router.directory}/bpf/memory")
    with mmap.mmap(pin, mmap.PAGESIZE, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE) as memory:
        memory[0:8] = b"\0" * 8  # the digest of the programs
    os.close(pin)
    router = net.router()
    flood.pass_some(5)
    counted, (sent, back, by_kernel) = cut(router), flood.stop()
    check(tap, "another version: no packet is lost, none is left to the kernel", sent == back and by_kernel == 0,
          sent, back, by_kernel)
    check(tap, "it counts from 0", 0 < counted[0] < sent, counted, sent)
    check(tap, "it stops in order", router.stop() == 0, *router.log)
    tap.case("and leaves nothing", net.left_behind())


def nothing_can_be_pinned(tap, net):
    """In a container without CAP_SYS_ADMIN."""
    router = Router(net.lab, "middle", build, CONFIGURATION, before=["setpriv", "--bounding-set", "-sys_admin"])
    net.forwards_by_itself(router)
    check(tap, "without CAP_SYS_ADMIN it starts, and says what that means",
          any("XDP doors end with the engine" in line for line in router.log), *router.log)
    flood = Flood(net)
    kill_all(router)
    flood.pass_some(20)
    router = net.forwards_by_itself(net.router())
    sent, back, _ = flood.stop()
    check(tap, "it is killed, and another one is started: no packet is lost", sent == back, sent, back)
    check(tap, "it stops in order", router.stop() == 0, *router.log)
    tap.case("and leaves nothing", net.left_behind())


def another_configuration_is_found(tap, net):
    """What the next daemon finds is not what it is told to have."""
    router = net.forwards_by_itself(net.router())
    other = "tc" if door == "xdp" else "xdp"
    flood = Flood(net)
    kill_all(router)
    router = net.router(CONFIGURATION.replace(door, other))
    flood.pass_some(20)
    kill_all(router)
    router = net.router('interface "lan1" { }')
    flood.pass_some(20)
    check(tap, "a port that is none any more has no door",
          not net.middle("tc", "filter", "show", "dev", "lan0", "ingress") and
          "xdp" not in net.middle("ip", "link", "show", "lan0"), net.middle("ip", "link", "show", "lan0"))
    kill_all(router)
    net.middle("ip", "link", "set", "lan1", "down")
    net.middle("ip", "link", "set", "lan1", "name", "away")
    net.middle("ip", "link", "set", "away", "up")
    router = net.router('interface "away" { }\ninterface "lan0" { }')
    check(tap, "an interface has another name", [port["state"] for port in router.ask("show", "ports")["ports"]] ==
          ["forwards", "forwards"], router.ask("show", "ports"))
    kill_all(router)
    net.middle("ip", "link", "set", "away", "down")
    net.middle("ip", "link", "set", "away", "name", "lan1")
    net.middle("ip", "link", "set", "lan1", "up")
    router = net.forwards_by_itself(net.router())
    flood.stop()
    check(tap, "it stops in order", router.stop() == 0, *router.log)
    tap.case("and leaves nothing", net.left_behind())


# --- ports that change ------------------------------------------------------------------------------------------------

def ports_change(tap, net):
    link = lambda *words: net.middle("ip", "link", "set", "lan1", *words)  # noqa: E731
    router = net.forwards_by_itself(net.router())
    flood = Flood(net)
    link("mtu", "1200")
    too_big = lambda: net.lab.on("left", "ping", "-n", "-c", "1", "-W", "3", "-M", "do", "-s", "1300",  # noqa: E731
                                 "10.0.2.10", check=False).stdout
    check(tap, "a smaller MTU is told to senders", "Frag needed" in (said := too_big()), said)
    until(lambda: router.ask("show", "ports")["ports"][1]["mtu"] == 1200, "the smaller MTU")
    link("mtu", "1500")
    net.lab.on("left", "ip", "route", "flush", "cache")
    check(tap, "a larger one too", "1 received" in (said := too_big()), said)
    sent, back, _ = flood.stop()
    check(tap, "no packet is lost meanwhile", sent == back, sent, back)
    for name, change, undo in (
            ("its hardware address is another", [["address", "02:00:5e:00:00:99"]], None),
            ("it is switched off", [["down"]], [["up"]]),
            ("it is renamed", [["down"], ["name", "away"]], [["name", "lan1"], ["up"]])):
        for words in change:
            link(*words)
        if undo:
            until(lambda: router.ask("show", "ports")["ports"][1]["state"] != "forwards", "the port does not forward")
            for words in undo:
                net.middle("ip", "link", "set", "away" if words[0] == "name" else "lan1", *words)
        net.lab.on("right", "ip", "neigh", "flush", "dev", "eth0")
        net.forwards_by_itself(router)
        check(tap, f"{name}: the doors forward again", True)
    net.middle("ip", "link", "add", "bridge", "type", "bridge")
    link("master", "bridge")
    until(lambda: router.ask("show", "ports")["ports"][1]["state"] != "forwards", "the door stands aside")
    link("nomaster")
    net.middle("ip", "link", "del", "bridge")
    check(tap, "it was a bridge's: the doors forward again", net.forwards_by_itself(router))
    net.middle("ip", "link", "del", "lan1")
    until(lambda: router.ask("show", "ports")["ports"][1]["state"] == "missing", "the port is gone")
    net.middle("ip", "link", "add", "lan1", "type", "veth", "peer", "name", "eth0", "netns", "right")
    for node, name, address in (("middle", "lan1", "10.0.2.1/24"), ("right", "eth0", "10.0.2.10/24")):
        net.lab.ip(node, "addr", "add", address, "dev", name)
        net.lab.ip(node, "link", "set", name, "up")
    net.lab.ip("right", "route", "add", "default", "via", "10.0.2.1")
    net.lab.let_hosts_poll(os.path.join(build, "lab/poll.bpf.o"))
    check(tap, "it is gone and comes anew: the doors forward again", net.forwards_by_itself(router))
    check(tap, "it stops in order", router.stop() == 0, *router.log)
    check(tap, "and leaves no BPF objects", net.no_objects())


def main(tap):
    net = Net()
    start_unless_forbidden(tap, net.router).stop()
    for part in (a_role_is_killed, the_daemon_is_killed, it_is_killed_while_it_starts, the_kernel_takes_over, the_engine_hangs,
                 numbers_are_kept, who_may_not_speak_does_not, it_is_replaced_by_another_version, nothing_can_be_pinned, another_configuration_is_found, ports_change):
        part(tap, net)


run_in_lab(main)
