"""fairleadd at a node of a lab."""
import signal
import subprocess

from lab import LabError


class Router:
    def __init__(self, lab, node, program, *ports):
        """Returns when it forwards; LabError, with what it said, if it does not start."""
        self.process = lab.spawn(node, program, "--foreground", *ports, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.log = []
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

    def counters(self):
        """port -> {"door": "tc", "cut": 5, "kernel:ttl": 1, ...}, now."""
        self.process.send_signal(signal.SIGUSR1)
        ports = {}
        for line in self.process.stdout:
            words = line.split()
            if words == ["end"]:
                return ports
            pairs = zip(words[2::2], words[3::2])
            ports[words[1]] = {key: int(value) if value.isdigit() else value for key, value in pairs}
        raise LabError("fairleadd ended:\n" + "\n".join(self.log))

    def stop(self):
        """Its exit status after SIGTERM. What it said meanwhile joins the log."""
        self.process.terminate()
        _, rest = self.process.communicate(timeout=60)
        self.log += rest.splitlines()
        return self.process.returncode
