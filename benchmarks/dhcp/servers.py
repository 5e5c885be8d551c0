"""DHCP servers to be measured, each with 10.16.0.0-10.255.255.254 to give away, leases on the disk that it is told."""
import json
import os
import signal
import subprocess
import time

from lab import LabError
from router import Router

POOL = ("10.16.0.0", "10.255.255.254")
POOL_FIRST = 10 << 24 | 16 << 16
POOL_SIZE = 240 << 16
SERVER = "10.0.0.1"
LEASE_S = 7200


def memory_mb(pid):
    """What of a process is in memory."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    return 0.0


class Server:
    """Started when made; stop() leaves its leases where they are."""
    process = None

    def wait_until_it_answers(self, answers):
        end = time.monotonic() + 60
        while not answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise LabError(f"{self.name} did not start: see {self.log}")
            time.sleep(0.02)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def serving_pid(self):
        return self.process.pid

    def memory_mb(self):
        return memory_mb(self.serving_pid())


class Fairlead(Server):
    name = "fairlead"
    CONFIGURATION = f"""
interface "lan0" {{
    dhcp {{
        pool  = "{POOL[0]}-{POOL[1]}"
        lease = "{LEASE_S}s"
        dns   = "192.0.2.53"
        conflict-check = false
    }}
}}
"""

    def __init__(self, lab, build, state):
        self.router = Router(lab, "server", build, self.CONFIGURATION, state=state)
        self.process = self.router.process

    def serving_pid(self):
        """The role that has the database."""
        return self.router.roles_with("fairlead.db")[0]

    def stop(self):
        self.router.stop()


class Kea(Server):
    """memfile, no clean-up while it is measured, no host reservations, as many threads as there are cores."""
    name = "kea"

    def __init__(self, lab, build, state):
        self.log = os.path.join(state, "kea.log")
        configuration = {"Dhcp4": {
            "interfaces-config": {"interfaces": ["lan0"], "dhcp-socket-type": "raw"},
            "lease-database": {"type": "memfile", "persist": True, "name": os.path.join(state, "kea.csv"),
                               "lfc-interval": 0},
            "multi-threading": {"enable-multi-threading": True, "thread-pool-size": os.cpu_count(),
                                "packet-queue-size": 64},
            "reservations-global": False, "reservations-in-subnet": False, "reservations-out-of-pool": False,
            "valid-lifetime": LEASE_S,
            "option-data": [{"name": "domain-name-servers", "data": "192.0.2.53"},
                            {"name": "routers", "data": SERVER}],
            "subnet4": [{"subnet": "10.0.0.0/8", "interface": "lan0", "pools": [{"pool": " - ".join(POOL)}]}],
            "loggers": [{"name": "kea-dhcp4", "severity": "WARN", "output_options": [{"output": self.log}]}],
        }}
        path = os.path.join(state, "kea.json")
        with open(path, "w", encoding="ascii") as file:
            json.dump(configuration, file)
        environment = {**os.environ, "KEA_PIDFILE_DIR": state, "KEA_LOCKFILE_DIR": state}
        self.process = lab.spawn("server", "kea-dhcp4", "-c", path, env=environment, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        self.wait_until_it_answers(lambda: os.path.exists(os.path.join(state, "kea.csv")))


class Dnsmasq(Server):
    """No name service, no ping in front of an offer."""
    name = "dnsmasq"

    def __init__(self, lab, build, state):
        self.log = os.path.join(state, "dnsmasq.log")
        with open(self.log, "w", encoding="ascii") as log:
            self.process = lab.spawn(
                "server", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=lan0",
                "--bind-interfaces", "--no-ping", "--quiet-dhcp", "--user=root", "--group=root",
                f"--dhcp-range={POOL[0]},{POOL[1]},255.0.0.0,{LEASE_S}", "--dhcp-lease-max=16000000",
                f"--dhcp-option=option:router,{SERVER}", "--dhcp-option=option:dns-server,192.0.2.53",
                f"--dhcp-leasefile={state}/dnsmasq.leases", "--log-facility=-", stderr=log)
        self.wait_until_it_answers(lambda: os.path.exists(f"{state}/dnsmasq.leases"))
