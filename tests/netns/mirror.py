"""src/route following the kernel in a lab, without a door (mirror.c)."""
import os
import subprocess


class Mirror:
    def __init__(self, lab, build):
        self.process = lab.spawn("middle", os.path.join(build, "tests/mirror"), stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def ask(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self):
        self.process.stdin.close()
        return self.process.wait(timeout=60)


def batch(lines):
    """Commands of ip at the router, one after the other."""
    result = subprocess.run(["ip", "-n", "middle", "-batch", "-"], input="\n".join(lines) + "\n", text=True,
                            capture_output=True, check=False, timeout=120)
    if result.returncode:
        raise RuntimeError(result.stderr[:500])
