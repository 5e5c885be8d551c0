"""The lab of senders, a router and receivers (pairs.lab), and what passes in it."""
import os
import subprocess

from lab import Lab
from router import Router


class Pairs:
    def __init__(self, source, build, configuration):
        self.build = build
        self.lab = Lab(os.path.join(source, "benchmarks/common/pairs.lab"))
        self.router = Router(self.lab, "middle", build, configuration)
        for i in "123":
            self.lab.on(f"from{i}", "ping", "-c", "1", "-W", "20", f"10.{i}.1.2")
        self.inside = self.lab.spawn("middle", "sleep", "infinity")  # whose /proc/PID/net is the router's

    def send(self, which, seconds, *rate, prefix=()):
        """Start traffic from sender `which`; (packets a second, frame bytes): otherwise small ones, as many as can be."""
        return self.lab.spawn(f"from{which}", *prefix, os.path.join(self.build, "benchmarks/traffic"), "eth0", str(seconds),
                              self.lab.mac("middle", f"in{which}").hex(":"), f"10.{which}.0.2", f"10.{which}.1.2",
                              *map(str, rate), stdout=subprocess.PIPE)

    def sent(self):
        """Packets that left the ports out1 to out3, by number."""
        with open(f"/proc/{self.inside.pid}/net/dev", encoding="ascii") as lines:
            counts = {line.split(":")[0].strip(): int(line.split(":")[1].split()[9]) for line in lines if ":" in line}
        return {i: counts[f"out{i}"] for i in "123"}

    def queues(self):
        return {one["port"]: one for one in self.router.ask("show", "queues")["queues"]}

    def engine(self):
        return self.router.ask("show", "version")["engine_pid"]

    def roles(self):
        with open(f"/proc/{self.router.process.pid}/task/{self.router.process.pid}/children", encoding="ascii") as file:
            return set(file.read().split())
