"""Three routers in a chain (chain.lab), each with Fairlead, static routes, and one link that takes shorter packets."""
import json

RIGHT = "10.0.2.10"
MTU = 1400  # of the link between middle and far
CONFIGURATIONS = {
    "near": """
interface "lan0" {{ address = "10.0.1.1/24"  door = "{door}" }}
interface "up0"  {{ address = "10.9.0.1/30"  door = "{door}" }}
route "10.0.2.0/24" {{ via = "10.9.0.2" }}
route "10.9.0.4/30" {{ via = "10.9.0.2" }}
""",
    "middle": """
interface "down0" {{ address = "10.9.0.2/30"  door = "{door}" }}
interface "up0"   {{ address = "10.9.0.5/30"  door = "{door}" }}
route "10.0.1.0/24" {{ via = "10.9.0.1" }}
route "10.0.2.0/24" {{ via = "10.9.0.6" }}
""",
    "far": """
interface "down0" {{ address = "10.9.0.6/30"  door = "{door}" }}
interface "lan0"  {{ address = "10.0.2.1/24"  door = "{door}" }}
route "10.0.1.0/24" {{ via = "10.9.0.5" }}
route "10.9.0.0/30" {{ via = "10.9.0.5" }}
"""}


def check_long_packets(demo):
    """Packets that are too long for a link on the way are told of, and TCP finds what fits."""
    result = demo.lab.on("left", "ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", "-M", "do", "-s", "1450", RIGHT, check=False)
    said = result.stdout + result.stderr
    demo.say(f"mtu = {MTU}" in said or f"mtu={MTU}" in said, f"a packet of 1478 bytes is answered with 'at most {MTU}'", said)
    server = demo.iperf_server("right")
    result = demo.lab.on("left", "iperf3", "-c", RIGHT, "-t", "2", "-J", check=False)
    server.kill()
    server.wait()
    try:
        rate = json.loads(result.stdout)["end"]["sum_received"]["bits_per_second"]
    except (ValueError, KeyError):
        rate = 0
    demo.say(rate > 1e6, f"TCP left -> right, over that link: {rate / 1e9:.1f} Gbit/s", (result.stdout + result.stderr)[-500:])


def run(demo, stay):
    for node, link in (("middle", "up0"), ("far", "down0")):
        demo.lab.ip(node, "link", "set", link, "mtu", str(MTU))
    routers = demo.start({node: configuration.format(door=demo.door) for node, configuration in CONFIGURATIONS.items()})
    demo.ping("left", RIGHT)
    demo.traceroute("left", RIGHT, ["10.0.1.1", "10.9.0.2", "10.9.0.6", RIGHT])
    before = [demo.cut(router) for router in routers]
    demo.ping("left", RIGHT)
    for router, then in zip(routers, before):
        cut = demo.cut(router, then)
        demo.say(all(count >= 5 for count in cut.values()), f"{router.node}: its doors cut through "
                 f"{', '.join(f'{count} from {port}' for port, count in cut.items())}", str(router.counters()))
    said = demo.trace(routers[1], ["icmp", "to", RIGHT],
                      lambda: demo.lab.on("left", "ping", "-n", "-c", "1", "-W", "2", RIGHT))
    demo.say("route        10.0.2.0/24, static, unicast" in said and "next-hop     10.9.0.6 at " in said and
             "cut-through  up0" in said, "and the one in the middle tells of a ping, step by step")
    said = demo.trace(routers[1], ["kernel", "from", "10.0.1.10"],
                      lambda: demo.lab.on("left", "ping", "-n", "-c", "1", "-W", "2", "-t", "2", RIGHT, check=False))
    demo.say("kernel       ttl: the time to live ends here" in said, "and of one that is left to the kernel, why")
    check_long_packets(demo)
    demo.end(routers, stay, "left", RIGHT)
