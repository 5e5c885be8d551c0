"""Whether tests in namespaces can run here: a skip of its own if not."""
import os
import subprocess

from lab import LabError, enter
from tap import Tap


def skip_unless_possible(tap):
    """Ends the program where there is no root, or no namespaces."""
    if os.geteuid():
        tap.skip("all of it", "this needs root, for namespaces and BPF; run the tests with sudo")
        tap.end()
    if subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"], check=False).returncode:
        tap.skip("all of it", "no namespaces here; run the tests where root may unshare")
        tap.end()


def run_in_lab(body):
    """The whole of a test program: body(tap) runs in namespaces of its own; what fails of the lab itself is a case too."""
    tap = Tap()
    skip_unless_possible(tap)
    enter()
    try:
        body(tap)
    except (LabError, subprocess.TimeoutExpired) as error:
        tap.case("the lab", [str(error)])
    tap.end()


def start_unless_forbidden(tap, start):
    """What start() returns; ends the program with a skip where the daemon may not load BPF programs."""
    try:
        return start()
    except LabError as error:
        if "Operation not permitted" not in str(error):
            raise
        tap.skip("all of it", "BPF is not permitted here; run the tests where root may load BPF programs")
        tap.end()
