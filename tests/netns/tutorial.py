#!/usr/bin/env python3
"""Tutorials: what they tell is what happens. tutorial.py SOURCE_ROOT BUILD_ROOT [--update] [TUTORIAL ...]

Each command of a tutorial ("    $ ...") is run by a shell at the router, beside a daemon that knows of nothing yet; the
lines under it, up to one that is not indented, are what it prints. `sudo` does nothing here. --update writes what is
printed now into the files.
"""
import os
import subprocess
import sys
import tempfile

source, build, *more = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab  # noqa: E402
from observe import check, roles, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

INDENT = "    "
PROMPT = INDENT + "$ "
update = "--update" in more
tutorials = [word for word in more if word != "--update"] or [os.path.join(source, "docs/tutorial.md")]


def shell(router, command, directory):
    """The lines that it prints, on both of its outputs."""
    environment = {**os.environ, "PATH": f"{os.path.dirname(router.client)}:{os.environ['PATH']}", "FAIRLEAD_SOCKET": router.socket,
                   "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    result = subprocess.run(["bash", "-c", 'sudo() { "$@"; }\n' + command], cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    return [(INDENT + line).rstrip() for line in result.stdout.decode().splitlines()]


def told(lines, at):
    """How many lines of output stand there."""
    end = at
    while end < len(lines) and lines[end].startswith(INDENT) and not lines[end].startswith(PROMPT):
        end += 1
    return end - at


def follow(tap, router, path, directory):
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    written, at, commands = [], 0, 0
    while at < len(lines):
        line = lines[at]
        written.append(line)
        at += 1
        if not line.startswith(PROMPT):
            continue
        command = line[len(PROMPT):]
        expected = lines[at:at + told(lines, at)]
        at += len(expected)
        printed = shell(router, command, directory)
        written += printed
        commands += 1
        if not update:
            check(tap, command, printed == expected, "expected:", *expected, "printed:", *printed)
    check(tap, f"{os.path.basename(path)} has commands", commands)
    if update:
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(written) + "\n")


def all_cases(tap):
    lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
    for path in tutorials:
        with tempfile.TemporaryDirectory() as directory:
            router = start_unless_forbidden(tap, lambda state=directory: Router(
                lab, "middle", build, 'interface "lan0" { address = "10.0.1.1/24" }\n', state=f"{state}/state"))
            until(lambda daemon=router: roles(daemon.process.pid, "plan"), "the planner is there")
            follow(tap, router, path, directory)
            check(tap, "the router stops", router.stop() == 0, *router.log)


run_in_lab(all_cases)
