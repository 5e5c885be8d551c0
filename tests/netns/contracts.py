#!/usr/bin/env python3
"""Contracts: contracts.py SOURCE_ROOT BUILD_ROOT DOOR

Whose packets are whose, and that they are kept beside a flood; that what is refused changes nothing; that people add and
take away while it runs, and that nothing is lost by reloads, restarts and kills.
"""
import json
import os
import signal
import socket
import sys
import time

source, build, door_kind = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab  # noqa: E402
from observe import check, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

RIGHT, LEFT = "10.0.2.10", "10.0.1.10"
PORTS = """
interface "lan0" {{ address = "10.0.1.1/24"  door = "{door}" }}
interface "lan1" {{ address = "10.0.2.1/24"  door = "{door}"  rate = "{rate}" }}
"""
WORDS = """
dhcp {{ class "phones" {{ vendor-class = "phone"  contract = "down" }} }}
interface "lan0" {{ address = "10.0.1.1/24"  door = "{door}" }}
interface "lan1" {{
    address = "10.0.2.1/24"  door = "{door}"  rate = "50Mbit"
    dhcp {{ pool "10.0.2.8/29" {{ class = "phones" }} }}
}}
contract "down" {{ out = "lan1"  match = "udp dscp ef"  atm = "cbr pcr 1Mbit cdvt 160ms ctd 40ms cdv 30ms"  packet = "500B" }}
contract "cheap" {{ out = "lan1"  match = "dscp cs1"  atm = "ubr pcr 1Mbit cdvt 80ms"  excess = "drop" }}
contract "load" {{ out = "lan1"  match = "dscp cs2"  tspec = "r 1Mbit b 20kB m 128B M 528B" }}
"""
# name, match, UDP port, DSCP: each is met by what is sent to that port with that DSCP, and by nothing else.
KINDS = [
    ("by-dscp", "dscp ef", 7001, 46),
    ("by-port", "udp to any port 7100-7107 dscp cs0", 7105, 0),
    ("by-source", f"from {LEFT} to {RIGHT} dscp af11", 7200, 10),
    ("by-protocol", "protocol 17 dscp af12 from 10.0.1.0/24", 7300, 12),
    ("by-ingress", "in lan0 dscp af13", 7400, 14),
]
COUNT = 20  # packets of each, few enough for the smallest burst
TERMS = 'rate = "1Mbit"  burst = "20kB"  packet = "500B"  delay = "40ms"'
ON_LINK = 500 + 38
EF, AF41 = 46, 34


def contract(name, match, terms=TERMS, out="lan1"):
    return f'contract "{name}" {{ out = "{out}"  match = "{match}"  {terms} }}\n'


class Net:
    def __init__(self, lab, router):
        self.lab, self.router = lab, router
        self.senders = {}

    def configure(self, text, rate="50Mbit"):
        self.router.configure(PORTS.format(door=door_kind, rate=rate) + text)

    def contracts(self):
        """name -> what is told of it, in their order."""
        return {one["name"]: one for one in self.router.ask("contract", "list")["contracts"]}

    def said(self, *arguments):
        """Exit status, and what was said, of the client."""
        result = self.router.fairlead("contract", *arguments, check=False)
        return result.returncode, result.stdout + result.stderr

    def send(self, port, dscp, count=1, size=100, node="left", to=RIGHT):
        key = node, dscp
        if key not in self.senders:
            self.senders[key] = Lab.inside(node, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            self.senders[key].setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
        for _ in range(count):
            self.senders[key].sendto(b"x" * size, (to, port))

    def came(self, name):
        return sum(self.contracts()[name]["came"].values())


def packets_are_whose_they_should_be(tap, net):
    sinks = [Lab.inside("right", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in KINDS]
    for sink, (_, _, port, _) in zip(sinks, KINDS):
        sink.bind((RIGHT, port))
        sink.settimeout(20)
    for sink, (name, match, port, dscp) in zip(sinks, KINDS):
        before = {one: net.came(one) for one, _, _, _ in KINDS}
        net.send(port, dscp, COUNT)
        for _ in range(COUNT):
            sink.recv(1000)
        until(lambda: net.contracts()[name]["left"]["packets"] >= before[name] + COUNT, f"{name}: {match}")
        after = {one: net.came(one) for one, _, _, _ in KINDS}
        check(tap, f"{name}: '{match}' means {COUNT} packets, and no other contract any",
              all(after[one] - before[one] == (COUNT if one == name else 0) for one in after), before, after)
    net.send(7400, 14, 3, node="middle")
    net.send(9, 1, 3)
    one = net.contracts()["by-ingress"]
    check(tap, "what the router sends itself came in nowhere", one["left"]["packets"] == COUNT, one)
    options = Lab.inside("left", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    options.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 14 << 2)
    options.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x01\x01\x01\x00")  # which the kernel forwards
    for _ in range(COUNT):
        options.sendto(b"x", (RIGHT, 7400))
    for _ in range(COUNT):
        sinks[-1].recv(1000)
    until(lambda: net.contracts()["by-ingress"]["left"]["packets"] >= 2 * COUNT, "the kernel's have left")
    check(tap, "what the kernel forwards came in where it did", net.came("by-ingress") == 2 * COUNT, net.contracts()["by-ingress"])
    late = {name: (one["late"], one["delay"]["max_us"]) for name, one in net.contracts().items()}
    check(tap, "none was late", not any(count for count, _ in late.values()), late)
    check(tap, "and each is whole at its end", all(one["came"]["conforming"] == net.came(name) for name, one in net.contracts().items()),
          net.contracts())


def a_flood_changes_nothing(tap, net):
    """Best effort and a contract that sends too much, on a port that is too small for them."""
    net.configure(contract("voice", "dscp ef", 'rate = "1Mbit"  burst = "6kB"  packet = "500B"  delay = "10ms"') +
                  contract("rogue", "dscp af41", 'rate = "1Mbit"  burst = "6kB"  packet = "1000B"  delay = "20ms"  excess = "drop"'),
                  rate="10Mbit")
    net.router.fairlead("reload")
    sink = Lab.inside("right", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sink.bind((RIGHT, 7001))
    sink.settimeout(20)
    pid = os.fork()
    if pid == 0:
        while True:
            net.send(9, 0, 20, 1400)
            net.send(10, AF41, 5, 900)
            time.sleep(0.01)  # 26 Mbit/s, and this machine has time for others
    try:
        until(lambda: net.router.ask("show", "queues")["queues"][0]["waiting"]["packets"] > 100 and
              net.contracts()["rogue"]["came"]["dropped"] > 100, "the port is flooded")
        for _ in range(300):
            net.send(7001, EF, 1, 400)
            sink.recv(1000)
            time.sleep(0.005)  # so much that it conforms: 442 bytes on the link, of 1 Mbit/s
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    until(lambda: net.contracts()["voice"]["left"]["packets"] == 300, "all have left")
    voice, rogue = net.contracts()["voice"], net.contracts()["rogue"]
    looks = net.router.ask("show", "queues")["queues"][0]["looks"]
    check(tap, "no packet that conformed was lost, or late without a stall that was counted", net.came("voice") == 300 and voice["came"]["dropped"] == 0 and
          voice["late"] == 0, voice, looks)
    check(tap, "longer than promised means a stall", voice["delay"]["max_us"] <= 10000 + 20 or looks["platform_stalls"] > 0, voice, looks)
    check(tap, "who sends too much loses that, and is not late", rogue["came"]["dropped"] > 100 and rogue["late"] == 0, rogue)
    frames = net.router.ask("show", "queues")["queues"][0]["frames"]
    check(tap, "no frame's memory is lost", frames["lost"] == 0, frames)


def what_is_wrong_changes_nothing(tap, net):
    kept = contract("voice", "dscp ef") + contract("video", "dscp af41")
    net.configure(kept)
    net.router.fairlead("reload")
    net.send(7001, EF, 5)
    until(lambda: net.contracts()["voice"]["left"]["packets"] == 5, "it is used")
    for what, settings, said in (
            ("a zero rate", "out lan1 match udp rate 0Mbit delay 9ms", "rate: '0Mbit': character 1: expected 1kbit"),
            ("no delay", "out lan1 match dscp_cs1 rate 1Mbit", "contract x: expected a delay"),
            ("a burst under a packet", "out lan1 match dscp_cs1 rate 1Mbit delay 9ms burst 1kB",
             "contract x: burst: 1kB: expected at least the largest packet (1538 bytes on the link)"),
            ("a delay under a packet's time", "out lan1 match dscp_cs1 rate 1Mbit delay 100us", "would be admitted: delay"),
            ("more than the link", "out lan1 match dscp_cs1 rate 49Mbit delay 90ms", "all contracts at lan1 together have 51000 kbit/s"),
            ("another's delay", "out lan1 match dscp_cs1 rate 1Mbit burst 210kB delay 39ms wait 0", "the delay of contract v"),
            ("somebody's packets", "out lan1 match udp rate 1Mbit delay 90ms", "'dscp ef' overlaps 'udp' of contract x"),
            ("an interface that is not there", "out lan7 match tcp rate 1Mbit delay 90ms", "out lan7: there is no such interface"),
            ("one without a rate", "out lan0 match tcp rate 1Mbit delay 90ms", "out lan0: the interface needs a rate"),
            ("a word that is none", "out lan1 match dscp_cs1 rate 1Mbit delay 90ms speed fast", "'speed' is not known in contract"),
            ("a value too few", "out lan1 match dscp_cs1 rate 1Mbit delay", "'delay': expected a value behind it")):
        words = settings.split()
        status, text = net.said("add", "x", *[word.replace("_", " ") for word in words])
        check(tap, f"{what} is refused, with the reason", status == 1 and said in text, text)
    status, text = net.said("check", "x", "out", "lan1", "match", "dscp cs1", "rate", "1Mbit", "delay", "90ms")
    check(tap, "what would be admitted is not there", status == 0 and "would be kept" in text and "x" not in net.contracts(), text)
    voice = net.contracts()["voice"]
    check(tap, "what is kept is as it was", list(net.contracts()) == ["voice", "video"] and voice["left"]["packets"] == 5 and
          voice["state"] == "kept", net.contracts())
    for text, said in ((kept + contract("more", "dscp cs1", 'rate = "60Mbit"  delay = "90ms"'), "all contracts at lan1 together"),
                       (kept + contract("more", "udp"), "overlaps")):
        net.configure(text)
        result = net.router.fairlead("reload", check=False)
        check(tap, f"and a configuration is refused: {said}", result.returncode == 1 and said in result.stderr, result)
    voice = net.contracts()["voice"]
    check(tap, "and changes nothing", list(net.contracts()) == ["voice", "video"] and voice["left"]["packets"] == 5, voice)


def offers_hold(tap, net):
    net.configure(contract("voice", "dscp ef"))
    net.router.fairlead("reload")
    words = ["x", "out", "lan1", "match", "dscp cs1", "rate", "49Mbit", "delay", "2ms", "burst", "9kB"]
    seen = []
    for key in ("delay", "burst", "rate"):
        terms = dict(zip(words[1::2], words[2::2]))
        if key != "rate":
            terms["rate"] = "5Mbit"
        if key == "burst":
            terms["delay"] = "2200us"
        if key == "rate":
            terms["delay"] = "60ms"
        status, text = net.said("check", "x", *[word for pair in terms.items() for word in pair])
        offer = text.partition("would be admitted: ")[2].split()
        seen.append(text)
        if status != 1 or key not in offer:
            continue
        terms[key] = offer[offer.index(key) + 1].rstrip(",")
        seen.append(net.said("check", "x", *[word for pair in terms.items() for word in pair]))
    check(tap, "what is offered is admitted", [one[0] for one in seen if isinstance(one, tuple)] == [0, 0, 0], *seen)


def words_of_others_are_kept(tap, net):
    """ATM's and IntServ's words, and a class of DHCP clients that names a contract."""
    net.router.configure(WORDS.format(door=door_kind))
    net.router.fairlead("reload")
    contracts = net.contracts()
    check(tap, "contracts in words of others are kept", [one["state"] for one in contracts.values()] == ["kept"] * 3, contracts)
    check(tap, "a class of clients means the addresses of its pools", contracts["down"]["match"] == ["udp to 10.0.2.8/29 dscp ef"], contracts["down"])
    check(tap, "what is promised is what the words say", contracts["down"]["promised"]["burst"] == ON_LINK + 20000 and
          contracts["down"]["promised"]["delay_us"] == 40000 and contracts["down"]["words"]["atm"] ==
          "cbr pcr 1Mbit cdvt 160ms ctd 40ms cdv 30ms" and contracts["load"]["promised"]["delay_us"] is None and
          contracts["cheap"]["promised"]["best_effort"], contracts)
    sink = Lab.inside("right", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sink.bind((RIGHT, 7001))
    sink.settimeout(20)
    net.send(7001, EF, COUNT)
    net.send(7001, 16, COUNT)
    for _ in range(2 * COUNT):
        sink.recv(1000)
    net.send(7001, 8, 50, 1400)
    until(lambda: net.came("cheap") == 50, "all of the cheap ones came")
    cheap = net.contracts()["cheap"]
    for _ in range(cheap["came"]["conforming"]):
        sink.recv(2000)
    check(tap, "best effort is let through up to its peak rate", 0 < cheap["came"]["conforming"] < 50 and
          cheap["came"]["conforming"] + cheap["came"]["dropped"] == 50 and cheap["left"]["packets"] == 0, cheap)
    until(lambda: all(net.contracts()[name]["left"]["packets"] == COUNT for name in ("down", "load")), "the others have left")
    status, text = net.said("show", "down")
    check(tap, "one is shown with its delays, and in other words", status == 0 and "in ATM      cbr pcr 1Mbit" in text and
          "TSpec r " in text and "RSpec R " in text and "jitter" in text and "#" in text, text)
    seen = net.router.ask("contract", "show", "down")["contract"]
    check(tap, "each delay is in the histogram", sum(count for _, _, count in seen["delays_ns"]) == COUNT and
          seen["delays_ns"][0][0] <= seen["delay"]["min_us"] * 1000 + 999 and
          seen["delays_ns"][-1][1] >= seen["delay"]["max_us"] * 1000 and
          seen["delay"]["max_us"] - seen["delay"]["min_us"] <= seen["delay"]["jitter_us"] <= 40000, seen)
    status, text = net.said("check", "x", "out", "lan1", "match", "dscp cs3", "tspec", "r 1Mbit b 3kB m 128B M 1500B", "rspec", "R 2Mbit S 1ms")
    check(tap, "IntServ's words are taken, and said in ATM's", status == 0 and "in ATM      cbr pcr 1297kbit" in text and
          "RSpec R 2Mbit S 1ms" in text, text)
    status, text = net.said("add", "x", "out", "lan1", "match", "dscp cs3", "atm", "rt-vbr pcr 4Mbit scr 1Mbit mbs 9 ctd 20ms")
    check(tap, "and ATM's", status == 0 and "TSpec r " in text, text)
    net.router.fairlead("reload")
    check(tap, "they come back as they were written", net.contracts()["x"]["words"]["atm"] == "rt-vbr pcr 4Mbit scr 1Mbit mbs 9 ctd 20ms" and
          net.contracts()["x"]["by_hand"], net.contracts())
    for settings, said in ((("atm", "cbr"), "atm: 'cbr': character 4: expected pcr"),
                           (("atm", "cbr pcr 1Mbit"), "expected a delay: ctd in atm, or delay"),
                           (("tspec", "r 1Mbit"), "expected b and the token bucket size"),
                           (("atm", "nrt-vbr pcr 2Mbit scr 1Mbit mbs 3", "delay", "5ms"), "only cbr and rt-vbr promise them")):
        status, text = net.said("check", "y", "out", "lan1", "match", "dscp cs4", *settings)
        check(tap, f"{settings[1]}: {said}", status == 1 and said in text, text)
    status, text = net.said("show", "nobody")
    check(tap, "there is none of that name", status == 1 and "there is no such contract" in text, text)
    check(tap, "what was added goes", net.said("remove", "x")[0] == 0)
    net.configure(contract("voice", "dscp ef"))
    net.router.fairlead("reload")
    net.send(7001, EF, 5)
    until(lambda: net.contracts()["voice"]["left"]["packets"] == 5, "it is used")
    until(lambda: net.said("check", "y", "out", "lan1", "match", "dscp cs4", "rate", "48Mbit", "delay", "90ms")[0] == 0,
          "the shares of those that are gone are free")


def people_add_and_remove(tap, net):
    add = ["out", "lan1", "rate", "20Mbit", "delay", "60ms"]
    check(tap, "one is added", net.said("add", "first", "match", "dscp cs1", "match", "dscp cs2", *add)[0] == 0)
    check(tap, "and another", net.said("add", "second", "match", "dscp cs3", *add)[0] == 0)
    status, text = net.said("add", "third", "match", "dscp cs4", *add)
    check(tap, "there is no room for a third", status == 1 and "61000 kbit/s" in text, text)
    check(tap, "one is taken away", net.said("remove", "first")[0] == 0)
    check(tap, "then its share is free", net.said("add", "third", "match", "dscp cs4", *add)[0] == 0)
    check(tap, "its packets are best effort", list(net.contracts()) == ["voice", "second", "third"], net.contracts())
    for name, said in (("voice", "it is the configuration's"), ("nobody", "there is no such contract")):
        status, text = net.said("remove", name)
        check(tap, f"{name} is not taken away", status == 1 and said in text, text)
    status, text = net.said("show", "third")
    check(tap, "one is shown", status == 0 and "third: kept" in text and "(added by hand)" in text and "dscp cs4" in text, text)


def nothing_is_lost(tap, net):
    names = ["voice", "second", "third"]
    before = net.came("voice")
    check(tap, "adding and removing others did not touch it", before == 5, before)
    net.router.fairlead("reload")
    voice = net.contracts()["voice"]
    check(tap, "a reload that changes nothing touches nothing", list(net.contracts()) == names and voice["left"]["packets"] == 5, voice)
    net.configure(contract("voice", "dscp ef"), rate="30Mbit")
    result = net.router.fairlead("reload", check=False)
    check(tap, "a rate that does not carry what was added is refused", result.returncode == 1 and
          "contract third: rate: all contracts at lan1 together have 41000 kbit/s, and it sends 30000" in result.stderr, result)
    checked = net.lab.on("middle", net.router.program, "--check", net.router.path, "--state-directory", net.router.state, check=False)
    check(tap, "and so by --check, with the state", checked.returncode == 1 and "contract third: rate" in checked.stderr, checked)
    checked = net.lab.on("middle", net.router.program, "--check", net.router.path, check=False)
    check(tap, "which by itself is right", checked.returncode == 0, checked)
    net.configure(contract("early", "dscp af21") + contract("voice", "dscp ef"), rate="60Mbit")
    net.router.fairlead("reload")
    check(tap, "the configuration's come first, in its order", list(net.contracts()) == ["early", *names] and
          all(one["state"] == "kept" for one in net.contracts().values()), net.contracts())
    before = net.router.ask("show", "version")["engine_pid"]
    os.kill(before, signal.SIGKILL)
    until(lambda: net.router.ask("show", "version")["engine_pid"] != before and
          [one["state"] for one in net.contracts().values()] == ["kept"] * 4, "the next engine keeps all of them")
    check(tap, "in the same order", list(net.contracts()) == ["early", *names], net.contracts())
    check(tap, "it stops", net.router.stop() == 0, net.router.log)
    net.configure(contract("voice", "dscp ef"), rate="30Mbit")
    net.router.start()
    states = {name: one["state"] for name, one in net.contracts().items()}
    check(tap, "started with less, it keeps what comes first, and says so of the rest",
          states == {"voice": "kept", "second": "kept", "third": "refused"}, states)
    check(tap, "with the reason", "third: rate: all contracts" in net.contracts()["third"]["why"] and
          net.contracts()["third"]["offer"], net.contracts()["third"])
    check(tap, "when there is room, that one is kept too", net.said("remove", "second")[0] == 0)
    until(lambda: net.contracts()["third"]["state"] == "kept", "third is kept")


def it_follows_its_port(tap, net):
    net.configure(contract("voice", "dscp ef", 'rate = "1Mbit"  burst = "2kB"  packet = "500B"  delay = "2ms"'), rate="30Mbit")
    net.router.fairlead("reload")
    check(tap, "kept with small packets on the port", net.contracts()["voice"]["state"] == "kept", net.contracts())
    net.lab.ip("middle", "link", "set", "lan1", "mtu", "3000")
    until(lambda: net.contracts()["voice"]["state"] == "refused", "a larger MTU means that others' packets are in the way longer")
    check(tap, "it says why", "delay" in net.contracts()["voice"]["why"], net.contracts()["voice"])
    net.lab.ip("middle", "link", "set", "lan1", "mtu", "1500")
    until(lambda: net.contracts()["voice"]["state"] == "kept", "it is kept again")
    net.configure("")
    net.router.fairlead("reload")
    check(tap, "taken out of the configuration, it is gone", list(net.contracts()) == ["third"], net.contracts())


def a_damaged_file_is_left_as_it_is(tap, net):
    net.router.stop()
    path = os.path.join(net.router.state, "contracts.conf")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    check(tap, "what was added is written down for people too", 'contract "third" {' in text and '"dscp cs4"' in text, text)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "contract {")
    net.router.start()
    status, said = net.said("add", "more", "out", "lan1", "match", "dscp cs5", "rate", "1Mbit", "delay", "90ms")
    check(tap, "nothing is added to what cannot be read", status == 1 and "contracts.conf cannot be read" in said, said)
    with open(path, encoding="utf-8") as file:
        check(tap, "and the file is as it was", file.read() == text + "contract {")
    check(tap, "the log says where it is wrong", any("contracts.conf:" in line for line in net.router.log), net.router.log)
    net.router.stop()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    net.router.start()
    check(tap, "put right, it is in force", net.contracts()["third"]["state"] == "kept", net.contracts())


def all_cases(tap):
    lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
    if door_kind == "xdp":
        lab.let_hosts_poll(os.path.join(build, "lab/poll.bpf.o"))
    first = "".join(contract(name, match) for name, match, _, _ in KINDS)
    router = start_unless_forbidden(tap, lambda: Router(lab, "middle", build,
                                                        PORTS.format(door=door_kind, rate="50Mbit") + first))
    net = Net(lab, router)
    check(tap, "all are kept", [one["state"] for one in net.contracts().values()] == ["kept"] * len(KINDS), net.contracts())
    packets_are_whose_they_should_be(tap, net)
    a_flood_changes_nothing(tap, net)
    what_is_wrong_changes_nothing(tap, net)
    offers_hold(tap, net)
    words_of_others_are_kept(tap, net)
    people_add_and_remove(tap, net)
    nothing_is_lost(tap, net)
    it_follows_its_port(tap, net)
    a_damaged_file_is_left_as_it_is(tap, net)
    check(tap, "it stops cleanly", router.stop() == 0, router.log)


run_in_lab(all_cases)
