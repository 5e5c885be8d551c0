#!/usr/bin/env python3
"""Commands and what they print, word for word: transcripts.py [--update] DIRECTORIES_OF_PROGRAMS TRANSCRIPT ...

A transcript is a text file: comment lines (#), and commands, each followed by what it printed on standard output, then
on standard error (behind "! "), then its exit status unless it is 0:

    $ fairlead calc 10.0.0.0
    ! fairlead: calc: ...
    status 1

Directories are separated by colons. Words are split as a shell would, but no shell runs; paths are relative to the root of the source. --update writes what the programs print now into the files.
"""
import os
import shlex
import subprocess
import sys

from tap import Tap


def blocks(text):
    """[(command or None, lines)]: the comment at the top, then each command with the lines under it."""
    result = [(None, [])]
    for line in text.splitlines():
        if line.startswith("$ "):
            result.append((line[2:], []))
        else:
            result[-1][1].append(line)
    return result


def run(command, programs):
    environment = {"PATH": programs + ":/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    words = shlex.split(command)
    words[0] = next(path for directory in programs.split(":")
                    if os.path.exists(path := os.path.join(directory, words[0])))
    result = subprocess.run(words, cwd=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."), capture_output=True, env=environment, stdin=subprocess.DEVNULL, timeout=60, check=False)
    lines = result.stdout.decode().splitlines()
    lines += [("! " + line).rstrip() for line in result.stderr.decode().splitlines()]
    return lines + ([f"status {result.returncode}"] if result.returncode else [])


def without_trailing_blank(lines):
    return lines[: max((i + 1 for i, line in enumerate(lines) if line), default=0)]


def main():
    update = "--update" in sys.argv
    programs, *paths = [arg for arg in sys.argv[1:] if arg != "--update"]
    tap = Tap()
    for path in paths:
        with open(path, encoding="utf-8") as file:
            parts = blocks(file.read())
        written = without_trailing_blank(parts[0][1])
        for command, expected in parts[1:]:
            printed = run(command, programs)
            written += ["", "$ " + command] + printed
            expected = without_trailing_blank(expected)
            faults = [] if without_trailing_blank(printed) == expected else \
                ["expected:", *["  " + line for line in expected], "printed:", *["  " + line for line in printed]]
            if not update:
                tap.case(f"{os.path.basename(path)}: {command}", faults)
        if update:
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(written) + "\n")
    if not update:
        tap.end()


main()
