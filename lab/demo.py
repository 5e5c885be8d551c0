#!/usr/bin/env python3
"""Two hosts talk through Fairlead: demo.py BUILD_ROOT tc|xdp [--stay]

Starts the lab dhcp.lab with fairleadd on its router, lets the hosts get their addresses by DHCP, checks ping, traceroute, TCP both ways and UDP, that the door
did what it should by its own counters, what the client says, and
what a port with a rate makes a ping wait beside a bulk transfer. With --stay it then goes on until Ctrl-C. Exit status
0 if every check held.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import time

from lab import Lab, LabError, enter
from router import Router

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 3  # of TCP each way
EVERY = 10  # seconds between two looks at the counters of a lab that stays
CONFIGURATION = """
hostname = "middle"
interface "lan0" {{
    address = "10.0.1.1/24"
    door    = "{door}"
    dhcp {{ pool = "10.0.1.100-10.0.1.199"  lease = "1h"  dns = "10.0.1.1"  domain = "lab.example" }}
}}
interface "lan1" {{
    address = "10.0.2.1/24"
    door    = "{door}"{shape}
    dhcp {{ pool = "10.0.2.10-10.0.2.10" }}
}}
route "192.0.2.0/24" {{ via = "10.0.2.10" }}
"""
RIGHT = "10.0.2.10"  # the only one that there is for it
SHAPES = {"drop-tail, 1 s long": 'queue "drop-tail" { limit = "1s" }', "FQ-CoDel": 'queue = "fq-codel"'}
RATE = 20  # Mbit/s


class Checks:
    def __init__(self):
        self.failed = 0

    def say(self, held, text, more=""):
        self.failed += not held
        print(f"  {'ok  ' if held else 'FAIL'}  {text}", flush=True)
        if not held and more:
            print("        " + more.strip().replace("\n", "\n        "), flush=True)


def check_addresses(checks, lab, router):
    """Both hosts have what the router's DHCP server gave them, and the router says so."""
    for host in ("left", "right"):
        address = lab.dhclient(host, check=False)
        route = lab.ip(host, "route", "show", "default").stdout.strip()
        leases = [lease for lease in router.ask("show", "leases")["leases"] if lease["address"] == address]
        checks.say(bool(address and route) and len(leases) == 1 and leases[0]["state"] == "bound",
                   f"{host} got {address or 'no address'} by DHCP, {route or 'no route'}")
    for arguments in (("show", "leases"), ("show", "pools")):
        show(router, *arguments)


def check_ping(checks, lab):
    result = lab.on("left", "ping", "-c", "5", "-i", "0.2", "-W", "2", RIGHT, check=False)
    found = re.search(r"(\d) received.*?= [\d.]+/([\d.]+)/", result.stdout, re.S)
    checks.say(bool(found) and found[1] == "5",
               f"ping left -> right: {found[1]} of 5, {found[2]} ms on average" if found else "ping left -> right",
               result.stdout + result.stderr)


def check_traceroute(checks, lab):
    result = lab.on("left", "traceroute", "-n", "-N", "1", "-q", "1", "-w", "2", RIGHT, check=False)
    hops = re.findall(r"^ *\d+ +(\S+)", result.stdout, re.M)
    checks.say(hops == ["10.0.1.1", RIGHT], f"traceroute left -> right: {', '.join(hops)}", result.stdout)


def iperf_server(lab):
    """At the right; returns when it listens."""
    server = lab.spawn("right", "iperf3", "-s", "--forceflush", stdout=subprocess.PIPE)
    for line in server.stdout:
        if "listening" in line:
            return server
    raise LabError("the iperf3 server did not start")


def check_streams(checks, lab):
    server = iperf_server(lab)
    for way, option in (("left -> right", []), ("right -> left", ["-R"])):
        result = lab.on("left", "iperf3", "-c", RIGHT, "-t", str(SECONDS), "-J", *option, check=False)
        try:
            rate = json.loads(result.stdout)["end"]["sum_received"]["bits_per_second"]
        except (ValueError, KeyError):
            rate = 0
        checks.say(rate > 1e6, f"TCP {way}: {rate / 1e9:.1f} Gbit/s", (result.stdout + result.stderr)[-500:])
    result = lab.on("left", "iperf3", "-c", RIGHT, "-u", "-b", "100M", "-t", "1", "-J", check=False)
    try:
        udp = json.loads(result.stdout)["end"]["sum"]
        checks.say(udp["lost_percent"] < 50,
                   f"UDP left -> right: {udp['bits_per_second'] / 1e6:.0f} Mbit/s, {udp['lost_percent']:.1f} % lost")
    except (ValueError, KeyError):
        checks.say(False, "UDP left -> right", (result.stdout + result.stderr)[-500:])
    server.kill()
    server.wait()


def check_counters(checks, door, ports):
    for name, port in ports.items():
        rest = ", ".join(f"{key.removeprefix('kernel:')} {value}" for key, value in port.items()
                         if key.startswith("kernel:"))
        print(f"        {name}: {port['door']} door, {port['in']} frames in, {port['cut']} cut through here, "
              f"{port['out']} out; left to the kernel: {rest or 'none'}", flush=True)
    checks.say(all(port["door"] == door for port in ports.values()), f"the doors are {door} doors")
    checks.say(all(port["unsent"] == 0 for port in ports.values()), "no frame was lost behind the door")
    checks.say(not any(key.startswith("drop:") for port in ports.values() for key in port), "nothing was dropped")
    if door == "tc":
        share = min(port["cut"] / max(port["in"], 1) for port in ports.values())
        checks.say(share > 0.9, f"cut through: {share:.1%} of all frames, or more")
    else:
        checks.say(all(port["cut"] >= 4 for port in ports.values()), "the pings were cut through")
        checks.say(all(port.get("kernel:half-made", 0) > 0 for port in ports.values()),
                   "TCP with half-made checksums was left to the kernel")


def show(router, *arguments):
    print(f"        $ fairlead {' '.join(arguments)}")
    for line in router.fairlead(*arguments).stdout.splitlines():
        print(f"          {line}", flush=True)


def check_client(checks, lab, router):
    for arguments in (("show", "ports"), ("show", "routes"), ("route", "192.0.2.1")):
        show(router, *arguments)
    ports = router.ask("show", "ports")["ports"]
    checks.say(all(port["state"] == "forwards" for port in ports), "fairlead show ports: every door forwards")
    answer = router.ask("route", "192.0.2.1")
    kernel = lab.ip("middle", "route", "get", "192.0.2.1").stdout
    checks.say(answer["cut_through"] and f"via {answer['via']} dev {answer['interface']}" in kernel,
               "fairlead route agrees with ip route get, and the static route is cut through", str(answer) + kernel)


def ping_beside_transfer(lab):
    """(median round-trip time in ms, Mbit/s) of a ping beside four TCP connections."""
    server = iperf_server(lab)
    transfer = lab.spawn("left", "iperf3", "-c", RIGHT, "-P", "4", "-t", "6", "-J", stdout=subprocess.PIPE)
    ping = lab.on("left", "ping", "-n", "-c", "40", "-i", "0.1", "-W", "3", RIGHT, check=False).stdout
    rate = json.loads(transfer.communicate(timeout=30)[0])["end"]["sum_received"]["bits_per_second"] / 1e6
    server.kill()
    server.wait()
    return statistics.median(float(time) for time in re.findall(r"time=([0-9.]+)", ping)), rate


def check_contract(checks, door, lab, router):
    """The same ping with a contract, beside a second of buffer."""
    shape = f'\n    rate = "{RATE}Mbit"  {SHAPES["drop-tail, 1 s long"]}'
    router.configure(CONFIGURATION.format(door=door, shape=shape) +
                     'contract "ping" { out = "lan1"  match = "icmp"  rate = "256kbit"  packet = "100B"  delay = "5ms" }\n')
    router.fairlead("reload")
    median, rate = ping_beside_transfer(lab)
    show(router, "show", "contracts")
    contract = router.ask("show", "contracts")["contracts"][0]
    checks.say(contract["state"] == "kept" and contract["came"]["conforming"] >= 30 and contract["late"] == 0,
               f"with a contract, and a second of buffer beside it: {rate:.1f} Mbit/s, and the ping takes {median:.1f} ms", str(contract))


def check_queues(checks, door, lab, router):
    """What a bulk transfer does to a ping, at a port with a rate."""
    medians = []
    for name, queue in SHAPES.items():
        router.configure(CONFIGURATION.format(door=door, shape=f'\n    rate = "{RATE}Mbit"  {queue}'))
        router.fairlead("reload")
        median, rate = ping_beside_transfer(lab)
        medians.append(median)
        show(router, "show", "queues")
        state = router.ask("show", "queues")["queues"][0]
        checks.say(0.8 * RATE < rate < RATE and state["frames"]["lost"] == 0 and state["passed_by"] == 0,
                   f"{RATE} Mbit/s, {name}: four TCP connections get {rate:.1f} Mbit/s, a ping beside them takes {median:.1f} ms",
                   str(state))
    checks.say(medians[1] < medians[0] / 5, f"with FQ-CoDel the ping waits {medians[0] / medians[1]:.0f} times less")
    check_contract(checks, door, lab, router)
    router.configure(CONFIGURATION.format(door=door, shape=""))
    router.fairlead("reload")
    checks.say(router.ask("show", "queues")["queues"] == [], "without a rate nothing waits")


def stay(lab, router):
    """Traffic, and what the door makes of it, until Ctrl-C."""
    print(f"""
  The lab goes on until Ctrl-C: left pings right. In another terminal, at its router:
      sudo nsenter --all -t {router.process.pid} {router.client} -s {router.socket} show counters
""", flush=True)
    ping = lab.spawn("left", "ping", "-n", "-i", "0.2", RIGHT, stdout=subprocess.DEVNULL)
    try:
        while router.process.poll() is None:
            show(router, "show", "counters")
            time.sleep(EVERY)
    except KeyboardInterrupt:
        print()
    ping.kill()
    ping.wait()


def main():
    build, door, *rest = sys.argv[1:]
    if door not in ("tc", "xdp") or rest not in ([], ["--stay"]):
        sys.exit(__doc__)
    enter()
    checks = Checks()
    try:
        lab = Lab(os.path.join(HERE, "dhcp.lab"))
        if door == "xdp":
            lab.let_hosts_poll(os.path.join(build, "lab/poll.bpf.o"))
        router = Router(lab, "middle", build, CONFIGURATION.format(door=door, shape=""))
        check_addresses(checks, lab, router)
        check_ping(checks, lab)
        check_traceroute(checks, lab)
        check_streams(checks, lab)
        check_counters(checks, door, router.counters())
        check_client(checks, lab, router)
        check_queues(checks, door, lab, router)
        if rest:
            stay(lab, router)
        checks.say(router.stop() == 0, "fairleadd stopped cleanly")
    except (LabError, subprocess.TimeoutExpired) as error:
        checks.say(False, "the lab", str(error))
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
