#!/usr/bin/env python3
"""Hold the code to its layers: layers.py SOURCE_ROOT BUILD_ROOT

A folder may use only what MAY_USE says. That is read off the includes, off the symbols that the static libraries take
from one another, and off the link lines of the programs. A folder that is not in the table has no place yet.
"""
import os
import re
import subprocess
import sys

from tap import Tap
from tree import files

# Folder (as its headers are included) -> the folders that it may use. Lowest first: an arrow points upwards here.
MAY_USE = {
    "base": [],
    "net": ["base"],
    "fib": ["base", "net"],
    "queue": ["base"],
    "sched": ["base", "queue"],
    "sizing": ["base", "net"],
    "rib": ["base", "net"],
    "aggregate": ["base", "net"],
    "plan": ["base", "net", "aggregate"],
    "interchange": ["base", "net", "aggregate", "plan"],
    "twamp": ["base", "net"],
    "dhcp": ["base", "net"],
    "store": ["base", "net", "aggregate", "plan", "dhcp"],
    "book": ["base", "net", "aggregate", "plan", "dhcp", "store"],
    "conf": ["base", "net", "queue", "sched", "twamp", "dhcp"],
    "bpf": ["base", "net", "fib"],
    "wire": ["base"],
    "log": [],
    "loop": [],
    "netlink": ["base", "net"],
    "control": ["base"],
    "query": ["base", "net", "fib", "queue", "sched", "twamp", "rib", "aggregate", "plan", "store", "book", "bpf", "loop"],
    "role": ["base", "net", "fib", "queue", "sched", "rib", "dhcp", "conf", "bpf", "log", "loop", "control", "query"],
    "port": ["base", "net", "fib", "queue", "bpf", "log", "netlink"],
    "shape": ["base", "net", "fib", "queue", "sched", "sizing", "rib", "dhcp", "conf", "bpf", "loop", "query", "port", "log", "netlink"],
    "route": ["base", "net", "fib", "queue", "sched", "rib", "dhcp", "conf", "bpf", "log", "netlink"],
    "engine": ["base", "net", "fib", "queue", "sched", "sizing", "rib", "dhcp", "conf", "bpf", "log", "loop", "netlink", "control", "query", "port", "shape", "route"],
    "address": ["base", "net", "fib", "queue", "sched", "rib", "aggregate", "plan", "dhcp", "store", "conf", "bpf", "log", "loop", "control", "query", "role"],
    "measure": ["base", "net", "fib", "queue", "sched", "twamp", "rib", "dhcp", "conf", "bpf", "log", "loop", "control", "query", "role"],
    "planner": ["base", "net", "fib", "queue", "sched", "rib", "aggregate", "plan", "dhcp", "store", "book", "conf", "bpf", "log", "loop", "control", "query", "role"],
    "management": ["base", "net", "fib", "queue", "sched", "twamp", "rib", "aggregate", "plan", "interchange", "dhcp", "store", "book", "conf", "wire", "bpf", "log", "loop", "netlink", "query"],
    "daemon": ["base", "net", "fib", "queue", "sched", "sizing", "twamp", "rib", "aggregate", "plan", "interchange", "dhcp", "store", "book", "conf", "wire", "bpf", "log", "loop", "netlink", "control",
               "query", "role", "port", "shape", "route", "engine", "address", "measure", "planner", "management"],
    "replay": ["base", "net", "fib", "queue", "sched", "sizing", "rib", "dhcp", "conf", "bpf", "loop", "query", "port", "shape", "log", "netlink"],
    "simulate": ["base", "net", "fib", "queue", "sched", "sizing", "rib", "dhcp", "conf", "bpf", "loop", "query", "port", "shape", "log", "netlink"],
    "client": ["base", "net", "aggregate", "plan", "interchange", "queue", "sched", "dhcp", "conf", "wire"],
    "benchmarks": ["base", "net", "fib", "queue", "sched", "aggregate", "plan", "dhcp", "store", "book", "wire", "bpf"],
}
ROOTS = ["lib", "src", "client", "bpf", "benchmarks"]

source_root, build_root = sys.argv[1:]


def folder_of(path):
    """The folder that a path relative to source or build root belongs to."""
    parts = path.split(os.sep)
    return parts[1] if parts[0] in ("lib", "src") and len(parts) > 2 else parts[0]


def check_includes(path):
    me = folder_of(path)
    if me not in MAY_USE:
        return [f"{me}: this folder has no place in MAY_USE of tests/layers.py"]
    allowed = {me, *MAY_USE[me]} | ({"tests"} if path.endswith("_test.c") else set())
    faults = []
    with open(os.path.join(source_root, path), encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not found:
                continue
            folder = found[1].rpartition("/")[0].partition("/")[0]  # the libraries' folders have none of their own
            if not folder:
                faults.append(f'{number}: "{found[1]}": a header is included with its folder')
            elif folder not in allowed:
                faults.append(f'{number}: "{found[1]}": {me} may use only {", ".join(sorted(allowed))}')
    return faults


def symbols(library):
    """(defined, undefined) names of a static library."""
    defined, undefined = set(), set()
    for line in subprocess.run(["nm", "-g", library], check=True, capture_output=True, text=True).stdout.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in "TDBRVWC":
            defined.add(words[2])
        elif len(words) == 2 and words[0] == "U":
            undefined.add(words[1])
    return defined, undefined - defined


def check_symbols(name, tables):
    faults = []
    for other, (defined, _) in sorted(tables.items()):
        shared = sorted(symbol for symbol in tables[name][1] & defined if not symbol.startswith("__"))
        if shared and other not in MAY_USE[name]:
            faults.append(f"{name} takes {', '.join(shared)} from {other}, which it may not use")
    return faults


def check_globals(library):
    """Libraries keep no state of their own: nothing in a writable section."""
    listing = subprocess.run(["objdump", "-t", library], check=True, capture_output=True, text=True).stdout
    found = re.findall(r"^\S+ .{7} (\.(?:data|bss)(?:\.\S+)?)\t\S+ (\S+)$", listing, re.M)
    return [
        f"mutable global {symbol} in {section}"
        for section, symbol in found
        if not section.startswith(".data.rel") and not symbol.startswith(("__", ".", "_ub", "*"))
    ]


def link_lines():
    """program -> names of our static libraries on its link line."""
    lines, target = {}, None
    with open(os.path.join(build_root, "build.ninja"), encoding="utf-8") as ninja:
        for line in ninja:
            found = re.match(r"build (\S+): c_LINKER ", line)
            if line.startswith("build "):
                target = found[1] if found else None
            elif target and line.strip().startswith("LINK_ARGS"):
                lines[target] = re.findall(r"\b(?:lib/|src/|)(\w+)/lib\w+\.a", line)
    return lines


def main():
    tap = Tap()
    for path in files(source_root, ROOTS, (".c", ".h")):
        tap.case("includes of " + path, check_includes(path))
    libraries = {folder_of(path): os.path.join(build_root, path) for path in files(build_root, ["lib", "src", "bpf"], ".a")}
    tables = {name: symbols(path) for name, path in libraries.items()}
    for name in sorted(libraries):
        tap.case(f"symbols that {name} takes from other libraries", check_symbols(name, tables))
        tap.case(f"no mutable globals in {name}", check_globals(libraries[name]))
    for program, used in sorted(link_lines().items()):
        me = folder_of(program)
        if me in MAY_USE:
            wrong = sorted(set(used) - {me, *MAY_USE[me]})
            tap.case(f"link line of {program}", [f"{me} may not link {name}" for name in wrong])
    tap.end()


main()
