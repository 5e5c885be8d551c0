"""DHCP clients of other people, at a host of a lab: get(), and then it lives and renews; release()."""
import os
import signal
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class Dhclient:
    """ISC's."""

    def __init__(self, lab, node):
        self.lab, self.node = lab, node

    def get(self):
        return self.lab.dhclient(self.node)

    def release(self):
        self.lab.dhclient(self.node, "-r")


class Dhcpcd:
    def __init__(self, lab, node):
        self.lab, self.node = lab, node

    def _run(self, *options):
        # No hooks, no probing of addresses, IPv4 alone: it ends when it has an address, and lives on as a daemon.
        self.lab.on(self.node, "dhcpcd", "-4", "-q", "-A", "-L", "-t", "30", "-w", "-c", "/bin/true", "-f", "/dev/null",
                    *options, "eth0")

    def get(self):
        self._run()
        return self.lab.address(self.node)

    def release(self):
        self._run("-k")


class Udhcpc:
    """busybox's."""

    def __init__(self, lab, node):
        self.lab, self.node, self.process = lab, node, None

    def get(self):
        self.process = self.lab.spawn(self.node, "udhcpc", "-f", "-R", "-i", "eth0", "-t", "10", "-T", "1", "-s",
                                      os.path.join(HERE, "udhcpc-script"), stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT)
        for line in self.process.stdout:
            if line.startswith("has "):
                return self.lab.address(self.node)
        return ""

    def release(self):
        self.process.send_signal(signal.SIGTERM)  # -R: it gives its lease back when it ends
        self.process.communicate(timeout=30)
