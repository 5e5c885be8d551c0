"""What every benchmark's command line has."""
import sys


def number(words, name, otherwise):
    """What follows a name among the words, as a number of the same kind as what it is otherwise."""
    return type(otherwise)(words[words.index(name) + 1]) if name in words else otherwise


def facts_and_rows(text):
    """What a program measured: of lines "fact NAME VALUE" {name: [value]}, of lines "WHAT ROUND KEYS ROW VALUE" {keys: {row: [value of
    each round]}}."""
    facts, rows = {}, {}
    for line in text.splitlines():
        what, *rest = line.split()
        if what == "fact":
            facts.setdefault(rest[0], []).append(float(rest[1]))
        else:
            rows.setdefault(rest[1], {}).setdefault(rest[2], []).append(float(rest[3]))
    return facts, rows


def say(text):
    """How it goes, beside the answer."""
    print(text, file=sys.stderr, flush=True)
