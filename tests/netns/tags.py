#!/usr/bin/env python3
"""XDP doors see the tags of VLANs, or leave frames alone: tags.py SOURCE_ROOT BUILD_ROOT

Whatever takes tags out of frames is switched off where an XDP door is, written down, and put back: also when everything was
killed in between. Where tags do not lie in frames the door stands aside while VLANs are there.
"""
import os
import re
import sys

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab  # noqa: E402
from observe import check, ip_counter, kill_all, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

FEATURES = ("rx-vlan-offload", "rx-vlan-stag-hw-parse")


def conf(lan0):
    return f'interface "lan0" {{ door = "{lan0}" }}\ninterface "lan1" {{ door = "tc" }}\n'


class Net:
    def __init__(self):
        self.lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
        self.lab.let_hosts_poll(os.path.join(build, "lab/poll.bpf.o"))
        self.router = None

    def features(self, interface="lan0"):
        text = self.lab.on("middle", "ethtool", "-k", interface).stdout
        return [re.search(rf"^{name}: (\w+)", text, re.M)[1] for name in FEATURES]

    def start(self, lan0):
        self.router = Router(self.lab, "middle", build, conf(lan0))
        return self.router

    def configure(self, lan0):
        self.router.configure(conf(lan0))
        self.router.fairlead("reload")

    def state(self):
        return self.router.ask("show", "ports")["ports"][0]

    def is_aside_for_tags(self):
        return "tags" in [one["reason"] for one in self.state().get("aside", [])]


def tags_stay_in_frames(tap, net):
    router = start_unless_forbidden(tap, lambda: net.start("xdp"))
    check(tap, "with an XDP door tags stay in frames", net.features() == ["off", "off"], net.features())
    check(tap, "elsewhere nothing has changed", net.features("lan1") == ["on", "on"], net.features("lan1"))
    net.configure("tc")
    until(lambda: net.state()["door"] == "tc", "a tc door")
    check(tap, "with a tc door it is as it was", net.features() == ["on", "on"], net.features())
    net.configure("xdp")
    until(lambda: net.state()["door"] == "xdp", "an XDP door")
    check(tap, "and with an XDP door again", net.features() == ["off", "off"], net.features())
    check(tap, "after the end it is as it was", router.stop() == 0 and net.features() == ["on", "on"], net.features())


def what_was_off_stays_off(tap, net):
    net.lab.on("middle", "ethtool", "-K", "lan0", "rx-vlan-stag-hw-parse", "off")
    net.start("xdp").stop()
    check(tap, "what was off before is off afterwards", net.features() == ["on", "off"], net.features())
    net.lab.on("middle", "ethtool", "-K", "lan0", "rx-vlan-stag-hw-parse", "on")


def it_is_put_back_after_a_kill(tap, net):
    net.start("xdp")
    kill_all(net.router)
    check(tap, "who is killed leaves it", net.features() == ["off", "off"], net.features())
    net.start("xdp")
    check(tap, "the next one takes it over", net.features() == ["off", "off"], net.features())
    net.router.stop()
    check(tap, "and puts it back", net.features() == ["on", "on"], net.features())
    net.start("xdp")
    kill_all(net.router)
    net.start("tc").stop()
    check(tap, "one with another door puts it back as well", net.features() == ["on", "on"], net.features())


def by_kernel(net):
    return ip_counter(net.lab, "middle", "ForwDatagrams")


def vlans_at_a_virtual_port(tap, net):
    """The other end of a veth leaves tags beside its frames, whatever this end says."""
    add = ("ip", "link", "add", "link", "lan0", "name", "lan0.10", "type", "vlan", "id", "10")
    if net.lab.on("middle", *add, check=False).returncode:
        tap.skip("VLANs at a virtual port", "this kernel has no VLAN devices; run it on one that has")
        return
    net.start("xdp")
    check(tap, "with VLANs on it the XDP door of a veth stands aside", net.is_aside_for_tags(), net.state())
    net.lab.on("middle", "ip", "link", "del", "lan0.10")
    until(lambda: net.state()["state"] == "forwards", "without them the door forwards")
    net.lab.on("middle", *add)
    until(net.is_aside_for_tags, "the door stands aside for VLANs that come")
    net.configure("tc")
    until(lambda: (now := net.state())["door"] == "tc" and now["state"] == "forwards", "a tc door forwards")
    for node, port, address in (("middle", "lan0", "10.0.9.1/24"), ("left", "eth0", "10.0.9.10/24")):
        net.lab.on(node, "ip", "link", "add", "link", port, "name", "v10", "type", "vlan", "id", "11")
        net.lab.on(node, "ip", "addr", "add", address, "dev", "v10")
        net.lab.on(node, "ip", "link", "set", "v10", "up")
    before = by_kernel(net)
    net.lab.on("left", "ping", "-n", "-c", "3", "-i", "0.2", "-W", "3", "-I", "v10", "10.0.9.1")
    net.lab.on("left", "ping", "-n", "-c", "3", "-i", "0.2", "-W", "3", "10.0.2.10")
    check(tap, "and VLANs have their frames", by_kernel(net) - before <= 2, by_kernel(net) - before)
    check(tap, "it stops in order", net.router.stop() == 0, *net.router.log)


def main(tap):
    net = Net()
    if net.features() != ["on", "on"]:
        tap.skip("all of it", "this kernel's veth does not take tags out of frames; run it on one whose does")
        return
    tags_stay_in_frames(tap, net)
    what_was_off_stays_off(tap, net)
    it_is_put_back_after_a_kill(tap, net)
    vlans_at_a_virtual_port(tap, net)


run_in_lab(main)
