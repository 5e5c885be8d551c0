#!/usr/bin/env python3
"""A burst of routes through the daemon: burst.py SOURCE_ROOT BUILD_ROOT [--json] [--routes N] [--gateways N] [--seed N]

benchmarks/README.md says what is measured.
"""
import json
import os
import random
import subprocess
import sys
import time

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, folder) for folder in ("benchmarks/common", "benchmarks/fib", "lab")]

import tables  # noqa: E402
from command import number, say  # noqa: E402
from lab import Lab, enter  # noqa: E402
from router import Router  # noqa: E402

ROUTES, GATEWAYS, SEED = number(words, "--routes", 1000000), number(words, "--gateways", 200), number(words, "--seed", 1)
CONFIGURATION = 'interface "lan0" { door = "tc" }\ninterface "lan1" { door = "tc" }\n'
CHECKED = 1000  # routes that are asked for after each burst


class Burst:
    def __init__(self):
        self.draw = random.Random(SEED)
        self.prefixes = [line for line in tables.make_up(ROUTES, SEED).decode().split() if not line.startswith("10.")]
        self.lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
        self.router = Router(self.lab, "middle", build, CONFIGURATION)

    def gateway(self):
        return f"10.0.2.{11 + self.draw.randrange(GATEWAYS)}"

    def version(self):
        return self.router.ask("show", "version")

    def batch(self, name, lines, expected):
        """The kernel takes the lines as fast as it can, and the engine follows."""
        before = self.version()
        began = time.monotonic()
        subprocess.run(["ip", "-n", "middle", "-batch", "-"], input="\n".join(lines) + "\n", text=True, check=True, timeout=600)
        kernel = time.monotonic() - began
        at_once = self.version()
        while self.version()["prefixes"] != before["prefixes"] + expected or not self.is_quiet():
            time.sleep(.02)
        took, after = time.monotonic() - began, self.version()
        answer = {"routes": len(lines), "kernel_s": round(kernel, 3), "behind_s": round(took - kernel, 3),
                  "routes_per_s": round(len(lines) / took), "resyncs": after["resyncs"] - before["resyncs"],
                  "messages": after["netlink_messages"] - before["netlink_messages"],
                  "behind_messages": after["netlink_messages"] - at_once["netlink_messages"], "fib_used_bytes": after["fib_used_bytes"]}
        say(f"{name}: " + ", ".join(f"{key} {value}" for key, value in answer.items()))
        return answer

    def is_quiet(self):
        """Whether what the daemon has heard of stays the same while it writes its page anew."""
        first = self.version()["netlink_messages"]
        time.sleep(.3)
        return self.version()["netlink_messages"] == first

    def check(self, via):
        """Routes as the client tells them, from the forwarding table, and as they were put into the kernel. Of prefixes with the
        same first address only the longest answers for it."""
        longest = {}
        for prefix in via:
            addr, length = prefix.split("/")
            longest[addr] = max(longest.get(addr, 0), int(length))
        for addr in self.draw.sample(list(longest), min(CHECKED, len(longest))):
            prefix = f"{addr}/{longest[addr]}"
            got = self.router.ask("route", addr)
            if (got["prefix"], got["via"]) != (prefix, via[prefix]):
                raise SystemExit(f"{prefix} via {via[prefix]}: {got}")


def main():
    enter()
    burst = Burst()
    answer = {"seed": SEED, "gateways": GATEWAYS}
    prefixes, draw = burst.prefixes, burst.draw
    via = {prefix: burst.gateway() for prefix in prefixes}
    answer["add"] = burst.batch("add", [f"route add {prefix} via {gateway}" for prefix, gateway in via.items()], len(via))
    burst.check(via)
    via = {prefix: burst.gateway() for prefix in draw.sample(prefixes, len(prefixes))}
    answer["replace"] = burst.batch("replace", [f"route replace {prefix} via {gateway}" for prefix, gateway in via.items()], 0)
    burst.check(via)
    answer["delete"] = burst.batch("delete", [f"route del {prefix}" for prefix in draw.sample(prefixes, len(prefixes))], -len(prefixes))
    burst.router.stop()
    if "--json" in words:
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
