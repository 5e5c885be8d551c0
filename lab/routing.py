"""Routing daemons at the nodes of a lab: FRR beside Fairlead, BIRD as the other side, which speak BGP."""
import os
import random
import re
import shutil
import subprocess

from lab import LabError

FRR = "/usr/lib/frr"
PACKAGES = "packaging/need routing installs it"


def prefixes(count, seed):
    """So many prefixes of unicast space, as lengths are spread in the Internet: (address, length), in order."""
    numbers, found = random.Random(seed), set()
    while len(found) < count:
        length = numbers.choice([24] * 6 + [23, 22, 22, 21, 20, 19, 18, 16])
        found.add((numbers.randrange(0x40000000, 0x7f000000) >> (32 - length) << (32 - length), length))
    return sorted(found)


def dotted(address):
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))


class Bird:
    """BIRD at a node, which tells one neighbour of prefixes and takes nothing from it but the way back to a network."""

    def __init__(self, lab, node, address, neighbour, announced):
        if not shutil.which("bird"):
            raise LabError(f"bird is not there: {PACKAGES}")
        self.lab, self.node, self.control = lab, node, f"/run/{node}.ctl"
        self.path = f"/run/{node}-bird.conf"
        self.address, self.neighbour = address, neighbour
        self._configure(announced)
        self.process = lab.spawn(node, "bird", "-f", "-c", self.path, "-s", self.control, "-P", f"/run/{node}-bird.pid")

    def _configure(self, announced):
        with open(self.path, "w", encoding="ascii") as file:
            file.write(f"router id {self.address};\nprotocol device {{}}\nprotocol static {{\n    ipv4;\n")
            file.writelines(f"    route {dotted(addr)}/{length} blackhole;\n" for addr, length in announced)
            file.write(f"}}\nprotocol kernel {{\n    ipv4 {{ export where source = RTS_BGP; }};\n}}\n"
                       f"protocol bgp {{\n    local {self.address} as 65002;\n    neighbor {self.neighbour} as 65001;\n"
                       "    graceful restart on;\n    ipv4 { import all; export where source = RTS_STATIC; next hop self; };\n}\n")

    def announce(self, announced):
        """These instead of those before."""
        self._configure(announced)
        said = self.lab.on(self.node, "birdc", "-s", self.control, "configure").stdout
        if "Reconfigur" not in said:
            raise LabError(said)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Frr:
    """FRR's zebra and bgpd at a node, with one BGP neighbour. Routes stay in the kernel when they end."""

    def __init__(self, lab, node, address, neighbour, network):
        if not os.path.exists(f"{FRR}/zebra"):
            raise LabError(f"FRR is not there: {PACKAGES}")
        self.lab, self.node, self.directory = lab, node, f"/run/frr/{node}"
        os.makedirs(self.directory, exist_ok=True)
        for directory in ("/run/frr", self.directory):
            shutil.chown(directory, "frr", "frr")
        self._write("zebra", f"hostname {node}\n")
        self._write("bgpd", f"""hostname {node}
router bgp 65001
 bgp router-id {address}
 no bgp ebgp-requires-policy
 bgp graceful-restart
 bgp graceful-restart preserve-fw-state
 neighbor {neighbour} remote-as 65002
 neighbor {neighbour} timers 3 9
 neighbor {neighbour} timers connect 1
 address-family ipv4 unicast
  network {network}
 exit-address-family
""")
        self.processes = {}
        self.start()

    def _write(self, name, text):
        with open(f"{self.directory}/{name}.conf", "w", encoding="ascii") as file:
            file.write(text)

    def start(self):
        """zebra keeps what it finds of its own in the kernel for a minute, and sweeps what nobody has told of then."""
        for name, options in (("zebra", ["-r", "-K", "60"]), ("bgpd", [])):
            self.processes[name] = self.lab.spawn(
                self.node, f"{FRR}/{name}", "-N", self.node, "-f", f"{self.directory}/{name}.conf",
                "-i", f"{self.directory}/{name}.pid", *options, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self):
        """Both of them, at once."""
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()

    def vtysh(self, command):
        """What it says to an order; empty if it is not there yet."""
        return self.lab.on(self.node, "vtysh", "-N", self.node, "-c", command, check=False).stdout

    def learned(self):
        """How many prefixes it has from its neighbour; None: they do not speak with one another."""
        found = re.search(r"^\d+\.\d+\.\d+\.\d+ +4 .* (\d+) +\d+ \S+ *$", self.vtysh("show bgp ipv4 unicast summary"), re.M)
        return int(found[1]) if found else None

    def stop(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait()
