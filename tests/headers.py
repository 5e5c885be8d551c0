#!/usr/bin/env python3
"""Every header compiles alone: headers.py SOURCE_ROOT COMPILER [COMPILER_ARGUMENT ...]

A header whose text says "shared with BPF" compiles also for BPF, with clang.
"""
import os
import re
import shutil
import subprocess
import sys

from tap import Tap
from tree import files

source_root, *compiler = sys.argv[1:]
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Ilib", "-Isrc", "-I.", "-x", "c"]
BPF = ["clang", "-target", "bpf", "-mcpu=v3", "-ffreestanding", "-O2", "-g"]


def compile_alone(command, header, output):
    result = subprocess.run(
        command + FLAGS + ["-", "-o", os.devnull, output],
        input=f'#include "{header}"\n', cwd=source_root, capture_output=True, text=True)
    return [result.stderr] if result.returncode else []


def main():
    tap = Tap()
    for path in files(source_root, ("lib", "src", "client", "tests", "bpf", "include"), ".h"):
        header = re.sub(r"^(lib|src)/", "", path)
        with open(os.path.join(source_root, path), encoding="utf-8") as text:
            shared = re.search(r"shared with BPF", text.read(), re.I)
        tap.case(f"{path} alone", compile_alone(compiler, header, "-fsyntax-only"))
        if shared and shutil.which("clang"):
            tap.case(f"{path} alone, for BPF", compile_alone(BPF, header, "-c"))
        elif shared:
            tap.skip(f"{path} alone, for BPF", "no clang; install clang")
    tap.end()


main()
