#!/usr/bin/env python3
"""Fairlead at work in a lab: demo.py LAB BUILD_ROOT tc|xdp [--stay]

LAB is one of the .lab files beside this program that has a demonstration, which says what it shows: demo_NAME.py for
NAME.lab. With --stay the lab then goes on until Ctrl-C. Exit status 0 if every check held.
"""
import importlib
import os
import re
import subprocess
import sys
import time

from lab import Lab, LabError, enter
from router import Router

HERE = os.path.dirname(os.path.abspath(__file__))
WAIT = 60  # seconds, for something that happens by itself
EVERY = 10  # seconds between two looks at the counters of a lab that stays


class Demo:
    """A lab, with routers in it, and checks that are told as they are made."""

    def __init__(self, path, build, door):
        self.build, self.door = build, door
        self.failed = 0
        self.lab = Lab(path)
        if door == "xdp":
            self.lab.let_hosts_poll(os.path.join(build, "lab/poll.bpf.o"))

    def start(self, configurations):
        """fairleadd at routers of the lab, by their names. Returns when every port has its way in: an XDP door sends only
        to those whose other end polls, and looks again every few seconds."""
        routers = [Router(self.lab, node, self.build, configuration) for node, configuration in configurations.items()]
        if self.door == "xdp":
            self.until(lambda: all(port["takes_xdp"] for router in routers for port in router.ask("show", "ports")["ports"]),
                       "every port takes frames from XDP doors")
        return routers

    def say(self, held, text, more=""):
        self.failed += not held
        print(f"  {'ok  ' if held else 'FAIL'}  {text}", flush=True)
        if not held and more:
            print("        " + more.strip().replace("\n", "\n        "), flush=True)

    @staticmethod
    def show(router, *arguments):
        """What the client says to people."""
        print(f"        $ fairlead {' '.join(arguments)}")
        for line in router.fairlead(*arguments).stdout.splitlines():
            print(f"          {line}", flush=True)

    def ping(self, source, address, *options):
        result = self.lab.on(source, "ping", "-n", "-c", "5", "-i", "0.2", "-W", "2", *options, address, check=False)
        found = re.search(r"(\d) received.*?= [\d.]+/([\d.]+)/", result.stdout, re.S)
        self.say(bool(found) and found[1] == "5",
                 f"ping {source} -> {address}: {found[1]} of 5, {found[2]} ms on average" if found else
                 f"ping {source} -> {address}", result.stdout + result.stderr)

    def traceroute(self, source, address, hops):
        result = self.lab.on(source, "traceroute", "-n", "-N", "1", "-q", "1", "-w", "2", address, check=False)
        found = re.findall(r"^ *\d+ +(\S+)", result.stdout, re.M)
        self.say(found == hops, f"traceroute {source} -> {address}: {', '.join(found)}", result.stdout)

    def iperf_server(self, node):
        """Returns when it listens."""
        server = self.lab.spawn(node, "iperf3", "-s", "--forceflush", stdout=subprocess.PIPE)
        for line in server.stdout:
            if "listening" in line:
                return server
        raise LabError("the iperf3 server did not start")

    @staticmethod
    def until(condition, what):
        """Wait for something that sends no event."""
        end = time.monotonic() + WAIT
        while not condition():
            if time.monotonic() > end:
                raise LabError(f"not within {WAIT} s: {what}")
            time.sleep(0.02)

    def cut(self, router, before=None):
        """Packets that were cut through at each port, since an earlier answer."""
        return {name: port["cut"] - (before[name] if before else 0) for name, port in router.counters().items()}

    def trace(self, router, words, packets):
        """What the door of a router decides for a packet that packets() sends, in steps. The packet."""
        print(f"        $ fairlead trace -c 1 {' '.join(words)}", flush=True)
        process = subprocess.Popen([router.client, "trace", "-c", "1", *words], stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.PIPE, env={**os.environ, "FAIRLEAD_SOCKET": router.socket})
        process.stderr.readline()  # "ready"
        packets()
        said, _ = process.communicate(timeout=30)
        for line in said.splitlines():
            print(f"          {line}", flush=True)
        return said

    def stay(self, routers, source, address):
        """Traffic, and what the doors make of it, until Ctrl-C."""
        print("\n  The lab goes on until Ctrl-C; in another terminal, at its routers:")
        for router in routers:
            print(f"      sudo nsenter --all -t {router.process.pid} {router.client} -s {router.socket} show counters")
        print(flush=True)
        ping = self.lab.spawn(source, "ping", "-n", "-i", "0.2", address, stdout=subprocess.DEVNULL)
        try:
            while all(router.process.poll() is None for router in routers):
                for router in routers:
                    self.show(router, "show", "counters")
                time.sleep(EVERY)
        except KeyboardInterrupt:
            print()
        ping.kill()
        ping.wait()

    def end(self, routers, stay, source, address):
        if stay:
            self.stay(routers, source, address)
        for router in routers:
            self.say(router.stop() == 0, f"fairleadd at {router.node} stopped cleanly")


def demonstration(path):
    """The module that shows a lab."""
    name = os.path.basename(path).removesuffix(".lab")
    try:
        return importlib.import_module("demo_" + name.replace("-", "_"))
    except ModuleNotFoundError as error:
        with_demo = sorted(file[len("demo_"):-3].replace("_", "-") + ".lab" for file in os.listdir(HERE)
                           if file.startswith("demo_") and file.endswith(".py"))
        sys.exit(f"demo: {path}: no lab with a demonstration: expected one of {', '.join(with_demo)}"
                 if error.name.startswith("demo_") else f"demo: {error}")


def main():
    if len(sys.argv) < 4 or sys.argv[3] not in ("tc", "xdp") or sys.argv[4:] not in ([], ["--stay"]):
        sys.exit(__doc__)
    path, build, door, *rest = sys.argv[1:]
    show = demonstration(path)
    enter()
    try:
        demo = Demo(os.path.join(HERE, os.path.basename(path)), build, door)
    except LabError as error:
        sys.exit(f"demo: {error}")
    try:
        show.run(demo, bool(rest))
    except (LabError, subprocess.TimeoutExpired) as error:
        demo.say(False, "the lab", str(error))
    sys.exit(1 if demo.failed else 0)


if __name__ == "__main__":
    main()
