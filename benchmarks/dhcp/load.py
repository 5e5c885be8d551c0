"""DHCP clients by the thousand: dhcp_load at a host of a lab, and leases of clients as it makes them."""
import json
import os
import subprocess
import time

from servers import SERVER

KNOWN_BASE = "10.1.0.0"  # of the addresses of those that known_leases() names: client n has this and n


class Load:
    def __init__(self, lab, build, host, router, prefix=()):
        """From eth0 of `host` to lan0 of `router`, which has the address SERVER; prefix: words in front of the command."""
        self.lab, self.host = lab, host
        self.command = [*prefix, os.path.join(build, "benchmarks/dhcp_load"), "--interface", "eth0", "--server", SERVER,
                        "--server-mac", lab.mac(router, "lan0").hex(":"), "--own-mac", lab.mac(host, "eth0").hex(":")]

    def start(self, *arguments):
        return self.lab.spawn(self.host, *self.command, *arguments, stdout=subprocess.PIPE)

    def run(self, *arguments, timeout=60):
        """What it says when it is done."""
        return json.loads(self.lab.on(self.host, *self.command, *arguments, timeout=timeout).stdout)


def mac_of(number):
    return b"\x02\xfa" + (number * 2654435761 & 0xffffffff).to_bytes(4, "little")


def known_leases(count):
    """Leases of the clients 1 to count at lan0, as `fairlead lease export` writes them."""
    now = int(time.time())
    rows = ["address,state,mac,client_id,host_name,interface,began,last,ends"]
    for n in range(1, count + 1):
        mac = mac_of(n)
        rows.append(f"10.1.{n >> 8}.{n & 255},bound,{mac.hex(':')},01{mac.hex()},,lan0,{now},{now},{now + 7200}")
    return "".join(row + "\r\n" for row in rows)


def import_known(router, path, count):
    with open(path, "w", encoding="ascii", newline="") as file:
        file.write(known_leases(count))
    router.fairlead("lease", "import", path)
