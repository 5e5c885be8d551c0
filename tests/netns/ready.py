"""Whether tests in namespaces can run here: a skip of its own if not."""
import os
import subprocess


def skip_unless_possible(tap):
    """Ends the program where there is no root, or no namespaces."""
    if os.geteuid():
        tap.skip("all of it", "this needs root, for namespaces and BPF; run the tests with sudo")
        tap.end()
    if subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"], check=False).returncode:
        tap.skip("all of it", "no namespaces here; run the tests where root may unshare")
        tap.end()
