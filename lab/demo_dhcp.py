"""Two hosts talk through Fairlead (dhcp.lab).

They get their addresses by DHCP; then ping, traceroute, TCP both ways and UDP, what the door did by its own counters,
what the client says, and what a port with a rate makes a ping wait beside a bulk transfer.
"""
import json
import re
import statistics
import subprocess

SECONDS = 3  # of TCP each way
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


def check_addresses(demo, router):
    """Both hosts have what the router's DHCP server gave them, and the router says so."""
    for host in ("left", "right"):
        address = demo.lab.dhclient(host, check=False)
        route = demo.lab.ip(host, "route", "show", "default").stdout.strip()
        leases = [lease for lease in router.ask("show", "leases")["leases"] if lease["address"] == address]
        demo.say(bool(address and route) and len(leases) == 1 and leases[0]["state"] == "bound",
                 f"{host} got {address or 'no address'} by DHCP, {route or 'no route'}")
    for arguments in (("show", "leases"), ("show", "pools")):
        demo.show(router, *arguments)


def check_streams(demo):
    server = demo.iperf_server("right")
    for way, option in (("left -> right", []), ("right -> left", ["-R"])):
        result = demo.lab.on("left", "iperf3", "-c", RIGHT, "-t", str(SECONDS), "-J", *option, check=False)
        try:
            rate = json.loads(result.stdout)["end"]["sum_received"]["bits_per_second"]
        except (ValueError, KeyError):
            rate = 0
        demo.say(rate > 1e6, f"TCP {way}: {rate / 1e9:.1f} Gbit/s", (result.stdout + result.stderr)[-500:])
    result = demo.lab.on("left", "iperf3", "-c", RIGHT, "-u", "-b", "100M", "-t", "1", "-J", check=False)
    try:
        udp = json.loads(result.stdout)["end"]["sum"]
        demo.say(udp["lost_percent"] < 50,
                 f"UDP left -> right: {udp['bits_per_second'] / 1e6:.0f} Mbit/s, {udp['lost_percent']:.1f} % lost")
    except (ValueError, KeyError):
        demo.say(False, "UDP left -> right", (result.stdout + result.stderr)[-500:])
    server.kill()
    server.wait()


def check_counters(demo, ports):
    for name, port in ports.items():
        rest = ", ".join(f"{key.removeprefix('kernel:')} {value}" for key, value in port.items()
                         if key.startswith("kernel:"))
        print(f"        {name}: {port['door']} door, {port['in']} frames in, {port['cut']} cut through here, "
              f"{port['out']} out; left to the kernel: {rest or 'none'}", flush=True)
    demo.say(all(port["door"] == demo.door for port in ports.values()), f"the doors are {demo.door} doors")
    demo.say(all(port["unsent"] == 0 for port in ports.values()), "no frame was lost behind the door")
    demo.say(not any(key.startswith("drop:") for port in ports.values() for key in port), "nothing was dropped")
    if demo.door == "tc":
        share = min(port["cut"] / max(port["in"], 1) for port in ports.values())
        demo.say(share > 0.9, f"cut through: {share:.1%} of all frames, or more")
    else:
        demo.say(all(port["cut"] >= 4 for port in ports.values()), "the pings were cut through")
        demo.say(all(port.get("kernel:half-made", 0) > 0 for port in ports.values()),
                 "TCP with half-made checksums was left to the kernel")


def check_client(demo, router):
    for arguments in (("show", "ports"), ("show", "routes"), ("route", "192.0.2.1")):
        demo.show(router, *arguments)
    ports = router.ask("show", "ports")["ports"]
    demo.say(all(port["state"] == "forwards" for port in ports), "fairlead show ports: every door forwards")
    answer = router.ask("route", "192.0.2.1")
    kernel = demo.lab.ip("middle", "route", "get", "192.0.2.1").stdout
    demo.say(answer["cut_through"] and f"via {answer['via']} dev {answer['interface']}" in kernel,
             "fairlead route agrees with ip route get, and the static route is cut through", str(answer) + kernel)


def ping_beside_transfer(demo):
    """(median round-trip time in ms, Mbit/s) of a ping beside four TCP connections."""
    server = demo.iperf_server("right")
    transfer = demo.lab.spawn("left", "iperf3", "-c", RIGHT, "-P", "4", "-t", "6", "-J", stdout=subprocess.PIPE)
    ping = demo.lab.on("left", "ping", "-n", "-c", "40", "-i", "0.1", "-W", "3", RIGHT, check=False).stdout
    rate = json.loads(transfer.communicate(timeout=30)[0])["end"]["sum_received"]["bits_per_second"] / 1e6
    server.kill()
    server.wait()
    return statistics.median(float(time) for time in re.findall(r"time=([0-9.]+)", ping)), rate


def check_contract(demo, router):
    """The same ping with a contract, beside a second of buffer."""
    shape = f'\n    rate = "{RATE}Mbit"  {SHAPES["drop-tail, 1 s long"]}'
    router.configure(CONFIGURATION.format(door=demo.door, shape=shape) +
                     'contract "ping" { out = "lan1"  match = "icmp"  rate = "256kbit"  packet = "100B"  delay = "5ms" }\n')
    router.fairlead("reload")
    median, rate = ping_beside_transfer(demo)
    demo.show(router, "show", "contracts")
    contract = router.ask("show", "contracts")["contracts"][0]
    demo.say(contract["state"] == "kept" and contract["came"]["conforming"] >= 30 and contract["late"] == 0,
             f"with a contract, and a second of buffer beside it: {rate:.1f} Mbit/s, and the ping takes {median:.1f} ms",
             str(contract))


def check_queues(demo, router):
    """What a bulk transfer does to a ping, at a port with a rate."""
    medians = []
    for name, queue in SHAPES.items():
        router.configure(CONFIGURATION.format(door=demo.door, shape=f'\n    rate = "{RATE}Mbit"  {queue}'))
        router.fairlead("reload")
        median, rate = ping_beside_transfer(demo)
        medians.append(median)
        demo.show(router, "show", "queues")
        state = router.ask("show", "queues")["queues"][0]
        demo.say(0.8 * RATE < rate < RATE and state["frames"]["lost"] == 0 and state["passed_by"] == 0,
                 f"{RATE} Mbit/s, {name}: four TCP connections get {rate:.1f} Mbit/s, a ping beside them takes {median:.1f} ms",
                 str(state))
    demo.say(medians[1] < medians[0] / 5, f"with FQ-CoDel the ping waits {medians[0] / medians[1]:.0f} times less")
    check_contract(demo, router)
    router.configure(CONFIGURATION.format(door=demo.door, shape=""))
    router.fairlead("reload")
    demo.say(router.ask("show", "queues")["queues"] == [], "without a rate nothing waits")


def run(demo, stay):
    (router,) = demo.start({"middle": CONFIGURATION.format(door=demo.door, shape="")})
    check_addresses(demo, router)
    demo.ping("left", RIGHT)
    demo.traceroute("left", RIGHT, ["10.0.1.1", RIGHT])
    check_streams(demo)
    check_counters(demo, router.counters())
    check_client(demo, router)
    check_queues(demo, router)
    demo.end([router], stay, "left", RIGHT)
