"""What every benchmark's command line has."""
import sys


def number(words, name, otherwise):
    """What follows a name among the words, as a number of the same kind as what it is otherwise."""
    return type(otherwise)(words[words.index(name) + 1]) if name in words else otherwise


def say(text):
    """How it goes, beside the answer."""
    print(text, file=sys.stderr, flush=True)
