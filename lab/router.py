"""fairleadd at a node of a lab, and the client that asks it."""
import json
import os
import subprocess

from lab import LabError, run


def open_files(pid):
    """The names of the files that a process has open; of one that has ended there are none."""
    try:
        return {os.path.basename(os.readlink(f"/proc/{pid}/fd/{fd}")) for fd in os.listdir(f"/proc/{pid}/fd")}
    except (FileNotFoundError, ProcessLookupError):
        return set()


class Router:
    def __init__(self, lab, node, build, configuration, background=False, state=None, before=()):
        """Returns when it forwards; LabError, with what it said, if it does not start. `before`: a command that runs it."""
        self.lab, self.node = lab, node
        self.program = os.path.join(build, "src/daemon/fairleadd")
        self.client = os.path.join(build, "client/fairlead")
        self.directory = f"/run/fairlead-{node}"
        self.state = state or f"/run/fairlead-state-{node}"
        self.path = f"/run/{node}.conf"
        self.log_path = f"/run/{node}.log"
        self.log, self.process = [], None
        self.before = before
        self.configure(configuration)
        self.start(background)

    @property
    def command(self):
        return [*self.before, self.program, "--config", self.path, "--run-directory", self.directory,
                "--state-directory", self.state]

    def configure(self, configuration):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(configuration)

    def start(self, background=False):
        if background:
            self.process = None
            result = self.lab.on(self.node, *self.command, "--log", self.log_path, check=False)
            if result.returncode:
                raise LabError(f"fairleadd did not start: {result.stderr}")
            return
        self.process = self.lab.spawn(self.node, *self.command, "--foreground", stderr=subprocess.PIPE)
        try:
            self.wait_for(": ready")
        except LabError as error:
            self.process.wait()
            raise LabError(f"fairleadd did not start: {error}") from None

    def wait_for(self, text):
        """Read its log until a line ends with this text."""
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))
            if self.log[-1].endswith(text):
                return
        raise LabError("\n".join(self.log))

    def fairlead(self, *arguments, check=True):
        """The client's answer to people."""
        return run(self.client, *arguments, check=check, env={**os.environ, "FAIRLEAD_SOCKET": self.socket})

    def ask(self, *arguments):
        """The client's answer to scripts."""
        return json.loads(self.fairlead(*arguments, "-j").stdout)

    @property
    def socket(self):
        return f"{self.directory}/management.sock"

    @property
    def pid(self):
        with open(f"{self.directory}/fairleadd.pid", encoding="ascii") as file:
            return int(file.read())

    def roles_with(self, name):
        """Processes of the daemon's roles that have a file of this name open."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            roles = [int(word) for word in file.read().split()]
        return [pid for pid in roles if name in open_files(pid)]

    def counters(self):
        """port -> {"door": "tc", "cut": 5, "kernel:ttl": 1, ...}, now."""
        ports = {}
        for one in self.ask("show", "counters")["counters"]:
            port = ports[one["port"]] = {"door": one["door"], "unsent": one["unsent"]}
            for key in ("in", "cut", "out"):
                port[key] = one[key]["packets"]
            for kind, prefix in (("kernel", "kernel"), ("dropped", "drop")):
                port.update({f"{prefix}:{reason}": count for reason, count in one[kind].items()})
        return ports

    def dhcp_counts(self):
        """name -> how often, of everything that may become of a DHCP message."""
        return {one["name"]: one["count"] for one in self.ask("show", "dhcp")["dhcp"]}

    def stop(self):
        """Its exit status after SIGTERM. What it said meanwhile joins the log."""
        self.process.terminate()
        _, rest = self.process.communicate(timeout=60)
        self.log += rest.splitlines()
        return self.process.returncode
