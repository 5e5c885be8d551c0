#!/usr/bin/env python3
"""Layout and faults that a machine can see: style.py SOURCE_ROOT BUILD_ROOT

clang-format decides layout, clang-tidy looks for faults, bash -n reads the scripts. clang-format's answer depends on its
version, so only the version that the project has settled on is asked.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

from tap import Tap
from tree import files

FORMAT_VERSION = "14"
FOLDERS = ("lib", "src", "client", "tests", "bpf", "benchmarks", "examples", "lab")
source_root, build_root = sys.argv[1:]


def run(*command):
    result = subprocess.run(command, cwd=source_root, capture_output=True, text=True, check=False)
    return [result.stdout + result.stderr] if result.returncode else []


def version(tool):
    try:
        text = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return re.search(r"version (\d+)", text)[1]


def main():
    tap = Tap()
    tools = {tool: version(tool) for tool in ("clang-format", "clang-tidy")}
    for tool, found in tools.items():
        if found != FORMAT_VERSION:
            tap.skip(tool, f"version {FORMAT_VERSION} decides, found {found}; install {tool}-{FORMAT_VERSION}")
    if tools["clang-format"] == FORMAT_VERSION:
        for path in files(source_root, FOLDERS, (".c", ".h")):
            tap.case(f"layout of {path}", run("clang-format", "--dry-run", "-Werror", path))
    if tools["clang-tidy"] == FORMAT_VERSION:
        # What needs a library that only benchmarks and oracles install, or our own as it is installed, is not compiled here, and cannot be
        # looked at.
        with open(os.path.join(build_root, "compile_commands.json"), encoding="utf-8") as commands:
            compiled = {os.path.realpath(os.path.join(entry["directory"], entry["file"])) for entry in json.load(commands)}
        paths = [path for path in files(source_root, FOLDERS, ".c") if not path.endswith(".bpf.c")]
        for path in [path for path in paths if os.path.realpath(os.path.join(source_root, path)) not in compiled]:
            if not path.startswith(("benchmarks/", "examples/", "tests/oracle/")):
                tap.case(f"{path} is compiled", ["no target has it"])
            paths.remove(path)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            faults = pool.map(lambda path: run("clang-tidy", "--quiet", "-p", build_root, path), paths)
            for path, found in zip(paths, faults):
                tap.case(f"clang-tidy on {path}", found)
    for script in ("test", "run", ".ci/run", "packaging/need"):
        tap.case(f"{script} is a script that bash can read", run("bash", "-n", script))
    tap.end()


main()
