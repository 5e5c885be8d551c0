#!/usr/bin/env python3
"""What a lab's demonstration checks, as cases: shown.py SOURCE_ROOT BUILD_ROOT LAB-DOOR

As chain-tc: lab/demo.py with chain.lab and tc doors.
"""
import os
import re
import subprocess
import sys

source, build, what = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from ready import skip_unless_possible  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
skip_unless_possible(tap)
lab, _, door = what.rpartition("-")
result = subprocess.run([sys.executable, os.path.join(source, "lab/demo.py"), os.path.join(source, f"lab/{lab}.lab"), build, door],
                        capture_output=True, text=True, check=False, timeout=250)
if "Operation not permitted" in result.stdout and "BPF" in result.stdout:
    tap.skip("all of it", "BPF is not permitted here; run the tests where root may load BPF programs")
    tap.end()
for held, text in re.findall(r"^  (ok  |FAIL)  (.*)$", result.stdout, re.M):
    tap.case(text, [] if held == "ok  " else [result.stdout, result.stderr])
tap.case("the demonstration ends", [] if result.returncode == 0 else [f"status {result.returncode}", result.stderr])
tap.end()
