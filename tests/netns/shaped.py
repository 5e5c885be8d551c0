#!/usr/bin/env python3
"""A port with a rate: shaped.py SOURCE_ROOT BUILD_ROOT DOOR

Everything that leaves it waits in its queues, whoever sent it; it comes out whole, in order, marked as the queue says.
The queues come, change and go with the configuration, the port and the engine, and lose no frame's memory.
"""
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys

source, build, door_kind = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from frames import Capture, Sender  # noqa: E402
from lab import Lab, LabError  # noqa: E402
from observe import check, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

RIGHT = "10.0.2.10"
CONFIGURATION = """
interface "lan0" {{ address = "10.0.1.1/24"  door = "{door}" }}
interface "lan1" {{
    address = "10.0.2.1/24"  door = "{door}"  {shape}
    dhcp {{ pool = "10.0.2.10-10.0.2.10"  conflict-check = false }}
}}
"""
STALLED = """
interface "tap0" { address = "10.0.3.1/24"  door = "tc"  rate = "8kbit"  queue "drop-tail" { limit = "500p" } }
"""
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454ca, 2, 0x1000
TAGS = 8  # bytes that a lift takes beyond its port's MTU
BYTES = 3000000  # of a transfer
BURST = 8  # packets, few enough that none has to be dropped
KINDS = {
    "drop-tail": 'rate = "200Mbit"  queue = "drop-tail"',
    "red": 'rate = "200Mbit"  queue "red" { min = "2ms"  max = "6ms"  probability = "2%" }',
    "codel": 'rate = "200Mbit"  queue = "codel"',
    "fq-codel": 'rate = "200Mbit"  link = "pppoe-ptm"  queue "fq-codel" { flows = 64 }',
    "dualpi2": 'rate = "200Mbit"  queue = "dualpi2"',
}


class Net:
    def __init__(self, lab, router):
        self.lab, self.router = lab, router

    def configure(self, shape):
        self.router.configure(CONFIGURATION.format(door=door_kind, shape=shape))

    def reload(self, shape):
        self.configure(shape)
        self.router.fairlead("reload")

    def queue(self, port="lan1"):
        """What is said of the port's queue; None: it has none."""
        return next((one for one in self.router.ask("show", "queues")["queues"] if one["port"] == port), None)

    def links(self):
        """name -> what ip says."""
        return {link["ifname"]: link for link in json.loads(self.lab.ip("middle", "-j", "-s", "link").stdout)}

    def sent(self):
        """Packets that the port's driver sent."""
        return self.links()["lan1"]["stats64"]["tx"]["packets"]

    def ping(self, node="left", address=RIGHT, count=1):
        return self.lab.on(node, "ping", "-n", "-c", str(count), "-i", "0.05", "-W", "5", address, check=False).returncode == 0

    def quiet(self):
        """Wait until nothing waits, and what has left is shown: that is what comes out of the driver too."""
        def is_quiet():
            queue = self.queue()
            return queue and queue["waiting"]["packets"] == 0 and queue["left"]["packets"] == self.sent() - self.sent_before
        until(is_quiet, "the queue is empty, and everything that left the driver left the queue")


def transfer():
    """BYTES over TCP from left to right: whether they arrived as they were."""
    listener = Lab.inside("right", lambda: socket.create_server((RIGHT, 7000)))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with Lab.inside("left", lambda: socket.create_connection((RIGHT, 7000), timeout=60)) as sender:
                sender.sendall(bytes(i * 7 & 255 for i in range(1000)) * (BYTES // 1000))
            status = 0
        finally:
            os._exit(status)
    listener.settimeout(60)
    got = b""
    with listener, listener.accept()[0] as receiver:
        receiver.settimeout(60)
        while chunk := receiver.recv(65536):
            got += chunk
    os.waitpid(child, 0)
    return got == bytes(i * 7 & 255 for i in range(1000)) * (BYTES // 1000)


def everything_waits(tap, net):
    """Counted by the port's driver, and by the queue."""
    for kind, shape in KINDS.items():
        net.reload(shape)
        net.sent_before = net.sent()
        check(tap, f"{kind}: that is its queue", net.queue()["queue"] == kind, net.queue())
        check(tap, f"{kind}: TCP with the hosts' own offloads arrives as it was", transfer())
        net.quiet()
        queue = net.queue()
        lost = sum(queue["dropped"].values())
        check(tap, f"{kind}: what came has left or was dropped",
              queue["arrived"]["packets"] == queue["left"]["packets"] + lost and queue["arrived"]["packets"] > BYTES // 1500, queue)
        check(tap, f"{kind}: no frame's memory is lost", queue["frames"]["lost"] == 0 and not any(queue["missed"].values()), queue)
    lifted = net.queue()["lifted"]
    check(tap, "the router's own ping goes", net.ping("middle"))
    net.quiet()
    check(tap, "and its own packets have waited", net.queue()["lifted"] > lifted and net.queue()["passed_by"] == 0, net.queue())
    lifted = net.queue()["lifted"]
    check(tap, "a DHCP client gets its address", net.lab.dhclient("right") == RIGHT)
    net.quiet()
    check(tap, "and the answers have waited", net.queue()["lifted"] >= lifted + 2, net.queue())


def it_is_seen(tap, net):
    """fairlead top, while packets come."""
    ping = net.lab.spawn("left", "ping", "-n", "-i", "0.02", RIGHT, stdout=subprocess.PIPE)
    for line in ping.stdout:
        if "bytes from" in line:
            break
    rates = net.router.ask("top", "1")
    ports = {port["port"]: port for port in rates["ports"]}
    check(tap, "top shows what comes and goes", ports["lan0"]["in_pps"] > 1 and ports["lan0"]["in_bps"] > 100 and
          [queue["port"] for queue in rates["queues"]] == ["lan1"] and 0 < rates["queues"][0]["used"] < 0.5, rates)
    text = net.router.fairlead("top", "2").stdout
    check(tap, "and so for people, twice", text.count("PORT") == 2 and text.count("depth    [") == 2 and "\033" not in text, text)
    ping.kill()
    ping.wait()


def frames_stay(tap, net):
    """Frames that are no packets of IP, and tags."""
    capture, sender = Capture(net.lab, "right", "eth0"), Sender(net.lab, "middle", "lan1")
    header = net.lab.mac("right", "eth0") + b"\x02\0\0\0\0\x01\x88\xb5"
    frames = [header + bytes(i * 3 & 255 for i in range(size)) for size in (46, 47, 500, 1499, 1500)]
    for frame in frames:
        sender.send(frame)
    came = []
    while len(came) < len(frames):
        frame = capture.frame()
        if frame[12:14] == b"\x88\xb5":
            came.append(frame)
    check(tap, "frames of any kind come out as they went in", came == frames, [frame.hex() for frame in came])
    for end in (capture, sender):
        end.process.kill()
        end.process.wait()

    try:
        for node, port, address in (("middle", "lan1", "10.0.7.1/24"), ("right", "eth0", "10.0.7.10/24")):
            net.lab.ip(node, "link", "add", "link", port, "name", "vlan7", "type", "vlan", "id", "7")
            net.lab.ip(node, "addr", "add", address, "dev", "vlan7")
            net.lab.ip(node, "link", "set", "vlan7", "up")
    except LabError as error:
        if "Unknown device type" not in str(error):
            raise
        tap.note("this kernel has no VLAN devices, so none was tried on top of the port")
        return
    lifted = net.queue()["lifted"]
    check(tap, "a VLAN on top of the port works", net.ping("middle", "10.0.7.10"))
    check(tap, "and its frames have waited", net.queue()["lifted"] > lifted, net.queue())
    net.lab.ip("middle", "link", "del", "vlan7")
    net.lab.ip("right", "link", "del", "vlan7")


def marks_are_made(tap, net):
    """A burst of low-latency traffic at a slow port: the later packets wait for too long."""
    net.reload('rate = "1Mbit"  queue = "dualpi2"')
    net.sent_before = net.sent()
    receiver = Lab.inside("right", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    receiver.bind((RIGHT, 7001))
    receiver.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    receiver.settimeout(30)
    sender = Lab.inside("left", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 46 << 2 | 1)
    net.ping()
    for number in range(BURST):
        sender.sendto(bytes([number]) * 1000, (RIGHT, 7001))
    came = []
    for _ in range(BURST):
        data, control, _, _ = receiver.recvmsg(2000, 100)
        came.append((data[0], control[0][2][0] if control else None))
    marks = [tos & 3 for _, tos in came]
    check(tap, "all arrive, in order", [number for number, _ in came] == list(range(BURST)), came)
    check(tap, "the first unmarked, later ones marked, with a checksum that the receiver takes",
          marks[0] == 1 and 3 in marks and all(tos >> 2 == 46 for _, tos in came), came)
    net.quiet()
    queue = net.queue()
    check(tap, "the queue says that it marked them", sum(queue["marked"].values()) == marks.count(3), queue, marks)
    check(tap, "and that they waited", queue["delay"]["max_us"] > 30000, queue)
    sender.close()
    receiver.close()


def the_urgent_do_not_wait(tap, net):
    """Packets of a class of their own, beside a flood that fills the queue of the others."""
    net.reload('rate = "2Mbit"  queue "drop-tail" { limit = "500ms" }  class "voice" { dscp = "ef"  priority = 0 }')
    net.sent_before = net.sent()
    sender = Lab.inside("left", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    classes = lambda: {one["class"]: one for one in net.router.ask("show", "queues")["queues"]}

    def flood():
        for _ in range(200):
            sender.sendto(bytes(1000), (RIGHT, 9))
        return classes()["default"]["dropped"].get("limit", 0) > 200

    until(flood, "the queue of all others is full")
    voice = net.lab.on("left", "ping", "-n", "-c", "5", "-i", "0.05", "-Q", hex(46 << 2), RIGHT)
    until(lambda: classes()["voice"]["left"]["packets"] >= 5, "what has left is shown")
    one, other = classes()["voice"], classes()["default"]
    check(tap, "the urgent overtake", one["left"]["packets"] == 5 and one["delay"]["max_us"] < other["delay"]["p50_us"] / 4 and
          one["priority"] == 0 and other["priority"] == 4, one, other, voice.stdout)
    sender.close()


FLOWS = 3
AUTO_RATE, AUTO_PACKET = 200e6 / 8, 1514 + 24  # bytes a second; bytes of a full packet on the link


def the_limit_follows_what_is_measured(tap, net):
    """TCP flows that last, through a queue that sizes itself: by their number, and by how long their round trips take."""
    net.reload('rate = "200Mbit"  queue "drop-tail" { limit = "auto" }')
    limit = net.queue()["limit"]
    check(tap, "as long as nothing is known: one flow, 100 ms", limit["auto"] and limit["us"] == 100000 and limit["flows"] == 0 and
          limit["rtt_us"] == 0, limit)
    receiver = net.lab.spawn("right", sys.executable, "-c", f"""
import socket, threading
server = socket.create_server(("{RIGHT}", 7002))
print("ready", flush=True)
def drain(one):
    while one.recv(1 << 20):
        pass
while True:
    threading.Thread(target=drain, args=(server.accept()[0],), daemon=True).start()
""", stdout=subprocess.PIPE)
    receiver.stdout.readline()
    senders = [net.lab.spawn("left", sys.executable, "-c", f"""
import socket
to = socket.create_connection(("{RIGHT}", 7002))
while True:
    to.send(bytes(65536))
""", stderr=subprocess.DEVNULL) for _ in range(FLOWS)]

    def law():
        limit = net.queue()["limit"]
        least = (20 + 0.001 * AUTO_RATE // AUTO_PACKET) * AUTO_PACKET
        wanted = max(least, limit["guard"] * AUTO_RATE * limit["rtt_us"] / 1e6 / max(limit["flows"], 1) ** 0.5)
        return limit, round(limit["flows"]) == FLOWS and limit["rtt_us"] > 0 and abs(limit["bytes"] / wanted - 1) < 0.1

    until(lambda: law()[1], "flows and round trips are measured, and the limit is what they say")
    limit = law()[0]
    check(tap, "the round trips are those of the lab, without the wait", 0 < limit["rtt_us"] < 20000, limit)
    check(tap, "people are shown it", all(word in net.router.fairlead("show", "queues").stdout
                                          for word in ("LIMIT", " auto ", "RTT", "FLOWS")))
    for process in (*senders, receiver):
        process.kill()
        process.wait()
    until(lambda: net.queue()["waiting"]["packets"] == 0, "what waited has left")
    check(tap, "no frame's memory is lost", net.queue()["frames"]["lost"] == 0, net.queue())


def open_tap(name):
    """Its other end, which is ours: what leaves the interface can be read here."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def a_stalled_port_keeps_to_itself(tap, net):
    """Next to nothing leaves one shaped port, a TAP device, while more and more comes for it."""
    end = Lab.inside("middle", lambda: open_tap("tap0"))
    net.router.configure(CONFIGURATION.format(door=door_kind, shape=KINDS["fq-codel"]) + STALLED)
    net.router.fairlead("reload")
    net.lab.ip("middle", "neigh", "replace", "10.0.3.10", "lladdr", "02:00:00:00:03:0a", "dev", "tap0", "nud", "permanent")
    until(lambda: net.queue("tap0") is not None, "the port has queues")
    sender = Lab.inside("left", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    def flood():
        for number in range(200):
            sender.sendto(bytes([number]) * 1000, ("10.0.3.10", 9))
        return net.queue("tap0")["dropped"].get("limit", 0) > 1000

    until(flood, "its queue is full, and drops")
    queue = net.queue("tap0")
    check(tap, "a port that lets nothing out: so much waits, the rest is dropped", 490 <= queue["waiting"]["packets"] <= 500 and
          queue["frames"]["lost"] == 0 and queue["frames"]["free"] > 0 and not queue["missed"]["no_frame"], queue)
    check(tap, "others pass through the other shaped port", net.ping(count=20) and transfer())
    check(tap, "whose frames are its own", net.queue()["frames"]["lost"] == 0 and not any(net.queue()["missed"].values()), net.queue())
    sender.close()
    first = os.read(end, 2048)
    check(tap, "what left was whole", first[14 + 28:] == bytes([0]) * 1000 or first[12:14] != b"\x08\0", first.hex())
    os.close(end)
    until(lambda: net.queue("tap0") is None, "the port is gone, with all that waited")
    check(tap, "and the other stays", net.ping() and net.queue()["state"] == "shaped")


def it_follows(tap, net):
    """The configuration, the port, the engine."""
    def shaped_with(mtu):
        return net.links().get("lift2", {}).get("mtu", 0) == mtu + TAGS and net.queue() is not None

    net.reload(KINDS["fq-codel"])
    before = net.links()["lift2"]["ifindex"]
    net.reload(KINDS["fq-codel"])
    check(tap, "a configuration that changes nothing touches nothing", net.links()["lift2"]["ifindex"] == before)
    net.reload('rate = "50Mbit"')
    check(tap, "another rate is another queue", net.queue()["rate"] == 50000000 and net.ping(), net.queue())
    net.reload("")
    check(tap, "without a rate there is none, and no lift", net.queue() is None and "lift2" not in net.links(), net.links())
    check(tap, "and packets pass", net.ping())
    net.reload('rate = "50Mbit"')
    check(tap, "with one there is, and packets pass", net.queue() is not None and net.ping())

    net.lab.ip("middle", "link", "set", "lan1", "mtu", "1400")
    until(lambda: shaped_with(1400), "the lift follows the port's MTU")
    check(tap, "with another MTU packets pass", net.ping())
    net.lab.ip("middle", "link", "set", "lan1", "mtu", "3450")
    until(lambda: net.queue() is None and "lift2" not in net.links(), "a port with frames that are too long is not shaped")
    check(tap, "and packets pass all the same", net.ping())
    net.lab.ip("middle", "link", "set", "lan1", "mtu", "1500")
    until(lambda: shaped_with(1500), "it is shaped again with frames as they were")

    net.lab.ip("middle", "link", "set", "lan1", "down")
    net.lab.ip("middle", "link", "set", "lan1", "up")
    until(net.ping, "packets pass when the port is up again")
    check(tap, "after down and up the port is shaped", net.queue()["state"] == "shaped", net.queue())

    mac = net.lab.mac("right", "eth0").hex(":")  # it has a lease, by which the router knows it
    net.lab.ip("middle", "link", "del", "lan1")
    until(lambda: "lift2" not in net.links(), "the lift goes with its port")
    net.lab.ip("middle", "link", "add", "lan1", "numtxqueues", "4", "numrxqueues", "4", "type", "veth", "peer", "name", "eth0",
               "address", mac, "netns", "right")
    net.lab.ip("right", "addr", "add", f"{RIGHT}/24", "dev", "eth0")
    net.lab.ip("right", "link", "set", "eth0", "up")
    net.lab.ip("right", "route", "add", "default", "via", "10.0.2.1")
    until(lambda: net.queue() is not None and net.ping(), "another port of that name, with four queues, is shaped, and packets pass")
    check(tap, "no frame's memory is lost", net.queue()["frames"]["lost"] == 0, net.queue())


def it_outlives_its_engine(tap, net):
    queue, passes = net.queue(), net.ping()
    check(tap, "shaped before", queue["state"] == "shaped" and passes, passes, queue, net.queue())
    before = net.router.ask("show", "version")["engine_pid"]
    os.kill(before, signal.SIGKILL)
    until(net.ping, "packets pass when the engine is gone")
    until(lambda: net.router.ask("show", "version")["engine_pid"] != before and (net.queue() or {}).get("state") == "shaped",
          "the next engine shapes again")
    net.sent_before = net.sent()
    left = net.queue()["left"]["packets"]
    check(tap, "packets pass", net.ping(count=5))
    until(lambda: net.queue()["left"]["packets"] - left >= 5, "they have waited in the queue")
    lifts = sorted(name for name in net.links() if name.startswith("lift"))
    check(tap, "there is one lift", lifts == ["lift2", "lift2-far"], lifts)


def all_cases(tap):
    lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
    if door_kind == "xdp":
        lab.let_hosts_poll(os.path.join(build, "lab/poll.bpf.o"))
    before = sorted(link["ifname"] for link in json.loads(lab.ip("middle", "-j", "link").stdout))
    router = start_unless_forbidden(tap, lambda: Router(lab, "middle", build, CONFIGURATION.format(
        door=door_kind, shape=KINDS["drop-tail"])))
    net = Net(lab, router)
    everything_waits(tap, net)
    it_is_seen(tap, net)
    frames_stay(tap, net)
    marks_are_made(tap, net)
    the_urgent_do_not_wait(tap, net)
    the_limit_follows_what_is_measured(tap, net)
    a_stalled_port_keeps_to_itself(tap, net)
    it_follows(tap, net)
    it_outlives_its_engine(tap, net)
    check(tap, "it stops cleanly", router.stop() == 0, router.log)
    after = sorted(net.links())
    check(tap, "and leaves no lift", after == before, after)
    check(tap, "and no filter", "clsact" not in lab.on("middle", "tc", "qdisc").stdout, lab.on("middle", "tc", "qdisc").stdout)


run_in_lab(all_cases)
