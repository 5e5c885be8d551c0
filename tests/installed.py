#!/usr/bin/env python3
"""The forwarding table in a program of one's own: installed.py SOURCE_ROOT COMPILER [COMPILER_ARGUMENT ...]

Installs library and headers as a user would, builds examples/lookup.c with what pkg-config says, and holds its answers
against a longest prefix match that has nothing in common with ours.
"""
import os
import random
import subprocess
import sys
import tempfile

from tap import Tap

source_root, *compiler = sys.argv[1:]
STRICT = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
SEED = 1


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def install(place):
    """Build what of Fairlead is for other programs, and install it."""
    build = os.path.join(place, "build")
    for command in (["meson", "setup", build, source_root, "--buildtype=release", "-Dtests=disabled", f"--prefix={place}/usr", "--libdir=lib"],
                    ["ninja", "-C", build, "packaging/libfairlead-fib.a"],
                    ["meson", "install", "-C", build, "--no-rebuild", "--tags", "devel"]):
        result = run(*command)
        if result.returncode:
            return [" ".join(command), result.stdout + result.stderr]
    return []


def headers(place):
    folder = os.path.join(place, "usr/include")
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


def flags(place):
    found = run("pkg-config", "--cflags", "--libs", "fairlead-fib", env={**os.environ, "PKG_CONFIG_PATH": f"{place}/usr/lib/pkgconfig"})
    return found.stdout.split()


def compile_alone(place, header):
    """With folders of its own names beside it, as any program may have them."""
    result = run(*compiler, *STRICT, "-fsyntax-only", "-x", "c", "-", "-I.", *flags(place), input=f"#include <{header}>\nint unused;\n", cwd=place)
    return [result.stderr] if result.returncode else []


def text(addr):
    return ".".join(str(addr >> shift & 255) for shift in (24, 16, 8, 0))


def table(draw):
    """{(address, length): next hop}: prefixes all over, many of them within one another."""
    routes, around = {(64 << 24, 2): 1, (10 << 24, 8): 2}, [draw.getrandbits(32) for _ in range(200)]
    for _ in range(20000):
        length = draw.choice([*range(12, 33), 24, 24, 24, 24, 24])
        addr = draw.choice(around) ^ draw.getrandbits(draw.randrange(1, 24)) if draw.random() < .7 else draw.getrandbits(32)
        routes[addr >> 32 - length << 32 - length, length] = draw.randrange(1, 65536 if draw.random() < .3 else 250)
    return routes


def longest(routes, addr):
    return next((routes[addr >> 32 - length << 32 - length, length] for length in range(32, -1, -1)
                 if (addr >> 32 - length << 32 - length, length) in routes), "none")


def edges(routes):
    for addr, length in routes:
        last = addr + (1 << 32 - length) - 1
        yield from (at & 0xffffffff for at in (addr - 1, addr, last, last + 1))


def answers_are_right(tap, program, place):
    routes = table(random.Random(SEED))
    name = os.path.join(place, "table")
    with open(name, "w", encoding="ascii") as file:
        file.writelines(f"{text(addr)}/{length} {next_hop}\n" for (addr, length), next_hop in routes.items())
    asked = [*edges(routes), *range(0, 1 << 32, 1 << 16)]
    told = run(program, name, input="".join(text(addr) + "\n" for addr in asked))
    lines = told.stdout.splitlines()
    wanted = [f"{text(addr)} {longest(routes, addr)}" for addr in asked]
    wrong = [f"{line}: expected {want}" for line, want in zip(lines, wanted) if line != want]
    tap.note(f"seed {SEED}: {len(routes)} prefixes, {len(asked)} addresses, {sum(want.endswith('none') for want in wanted)} of them without a route")
    tap.case("every address has the next hop of its longest prefix",
             told.stderr.splitlines() + wrong[:20] + ([] if len(lines) == len(wanted) else [f"{len(lines)} answers for {len(wanted)} addresses"]))
    word = run(program, name, text(asked[0]))
    tap.case("an address of the command line", [] if word.stdout.splitlines() == wanted[:1] else [word.stdout + word.stderr])


def errors_are_clear(tap, program, place):
    name = os.path.join(place, "wrong")
    for content, said in (("10.0.0.0/8 1\n10.0.0.1/8 1\n", "line 2, character 1: expected an address without bits set behind the prefix length"),
                          ("10.0.0.0/33 1\n", "line 1, character 10: expected a prefix length of 0 to 32"),
                          ("10.0.0.0/8 0\n", "line 1, character 12: expected a next hop of 1 to 65535"),
                          ("10.0.0.0/8 65536\n", "line 1, character 12: expected a next hop of 1 to 65535"),
                          ("10.0.0.0/8\n", "line 1, character 11: expected a next hop of 1 to 65535"),
                          ("10.0.0.0/8 1 2\n", "line 1, character 13: expected the end of the line"),
                          ("\n", "line 1, character 1: expected")):
        with open(name, "w", encoding="ascii") as file:
            file.write(content)
        result = run(program, name, "10.0.0.1")
        tap.case(f"an error that names the place: {content!r}",
                 [] if result.returncode == 1 and f"{name}, {said}" in result.stderr and not result.stdout else [result.stdout + result.stderr])


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="fairlead-") as place:
        faults = install(place)
        tap.case("the library is built and installed", faults)
        if faults:
            tap.end()
        os.makedirs(os.path.join(place, "base"))  # a program's own folder of the same name, with other things in it
        with open(os.path.join(place, "base/bytes.h"), "w", encoding="ascii") as file:
            file.write("#error not this one\n")
        for header in headers(place):
            tap.case(f"<{header}> alone", compile_alone(place, header))
        tap.case("there are headers", [] if headers(place) else ["none"])
        program = os.path.join(place, "lookup")
        built = run(*compiler, *STRICT, os.path.join(source_root, "examples/lookup.c"), "-o", program, *flags(place))
        tap.case("examples/lookup.c with what pkg-config says", [built.stderr] if built.returncode else [])
        if not built.returncode:
            answers_are_right(tap, program, place)
            errors_are_clear(tap, program, place)
    tap.end()


main()
