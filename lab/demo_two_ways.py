"""Two equal ways between two routers (two-ways.lab), each with Fairlead: flows are spread over both, and one way that is
lost moves its own flows only."""
import socket
import subprocess

from lab import end_ping

RIGHT = "10.0.2.10"
FLOWS = 200
SO_NO_CHECK = 11
CONFIGURATIONS = {
    "near": 'interface "lan0" {{ door = "{door}" }} interface "up0" {{ door = "{door}" }} interface "up1" {{ door = "{door}" }}',
    "far": 'interface "lan0" {{ door = "{door}" }} interface "down0" {{ door = "{door}" }} interface "down1" {{ door = "{door}" }}'}


def send_flows(demo):
    """A datagram of each flow."""
    def send():
        for port in range(FLOWS):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
                flow.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)  # one that is left to a card is not finished at an XDP door
                flow.bind(("10.0.1.10", 20000 + port))
                flow.sendto(b"a datagram", (RIGHT, 9))
    demo.lab.inside("left", send)


def left_by(demo, router):
    """How many packets left the router by each of its ways while a datagram of each flow was sent."""
    out = lambda: {name: port["out"] for name, port in router.counters().items() if name.startswith("up")}  # noqa: E731
    before = out()
    send_flows(demo)
    return {name: count - before[name] for name, count in out().items()}


def until_ways(demo, router, count):
    """Wait until flows follow so many ways."""
    def follow():
        ways = [way for way in router.ask("route", RIGHT).get("ways", []) if way["share"]]
        return len(ways) == count and all(way["cut_through"] for way in ways)
    demo.until(follow, f"flows follow {count} ways")


def check_a_lost_way(demo, near, before):
    ping = demo.lab.spawn("left", "ping", "-n", "-i", "0.02", "-W", "2", RIGHT, stdout=subprocess.PIPE)
    ping.stdout.readline()
    demo.lab.ip("near", "link", "set", "up1", "down")
    until_ways(demo, near, 1)
    demo.show(near, "route", RIGHT)
    now = left_by(demo, near)
    demo.say(now["up0"] >= FLOWS, f"one way is lost: all {FLOWS} flows follow the other", str(now))
    demo.lab.ip("near", "link", "set", "up1", "up")
    demo.lab.ip("near", "route", "replace", "10.0.2.0/24", "nexthop", "via", "10.9.0.2", "nexthop", "via", "10.9.1.2")
    demo.lab.ip("far", "route", "replace", "10.0.1.0/24", "nexthop", "via", "10.9.0.1", "nexthop", "via", "10.9.1.1")
    until_ways(demo, near, 2)
    again = left_by(demo, near)
    demo.say(abs(again["up0"] - before["up0"]) <= 20, "it is back, and so are its flows", f"{before} {again}")
    sent, back = end_ping(ping)
    demo.say(sent - back <= 25, f"a ping meanwhile: {back} of {sent} came back")


def run(demo, stay):
    routers = demo.start({node: configuration.format(door=demo.door) for node, configuration in CONFIGURATIONS.items()})
    near = routers[0]
    demo.ping("left", RIGHT)
    demo.ping("right", "10.0.1.10")
    send_flows(demo)  # so that both ways' neighbours are known
    until_ways(demo, near, 2)
    demo.show(near, "route", RIGHT)
    spread = left_by(demo, near)
    demo.say(sum(spread.values()) >= FLOWS and min(spread.values()) > FLOWS / 4,
             f"{FLOWS} flows are spread: {spread['up0']} packets by up0, {spread['up1']} by up1", str(spread))
    said = demo.trace(near, ["udp", "to", RIGHT], lambda: send_flows(demo))
    demo.say("several ways" in said and "bucket " in said, "and a trace says which bucket a packet's flow has, and whose it is")
    check_a_lost_way(demo, near, spread)
    demo.end(routers, stay, "left", RIGHT)
