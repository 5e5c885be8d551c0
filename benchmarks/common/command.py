"""What every benchmark's command line has."""
import subprocess
import sys


def number(words, name, otherwise):
    """What follows a name among the words, as a number of the same kind as what it is otherwise."""
    return type(otherwise)(words[words.index(name) + 1]) if name in words else otherwise


def quartiles(values):
    """The lower one, the median and the upper one."""
    values = sorted(values)
    return [round(values[round(at * (len(values) - 1))], 3) for at in (.25, .5, .75)]


def facts_and_rows(command, table, seconds):
    """What a program measured of a table on its standard input: of lines "fact NAME VALUE" {name: [value]}, of lines "WHAT ROUND KEYS ROW VALUE" {keys: {row: [value of
    each round]}}."""
    result = subprocess.run(command, input=table, capture_output=True, timeout=seconds, check=False)
    if result.returncode:
        raise SystemExit(f"{' '.join(command)}: {result.stderr.decode()}")
    facts, rows = {}, {}
    for line in result.stdout.decode().splitlines():
        what, *rest = line.split()
        if what == "fact":
            facts.setdefault(rest[0], []).append(float(rest[1]))
        else:
            rows.setdefault(rest[1], {}).setdefault(rest[2], []).append(float(rest[3]))
    return facts, rows


def say(text):
    """How it goes, beside the answer."""
    print(text, file=sys.stderr, flush=True)
