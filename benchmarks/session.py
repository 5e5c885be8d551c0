#!/usr/bin/env python3
"""What many management connections cost: session.py SOURCE_ROOT BUILD_ROOT [--json] [--sessions N] [--rounds N] [--seed N]

benchmarks/README.md says what is measured.
"""
import json
import os
import random
import resource
import signal
import socket
import statistics
import sys
import time

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, folder) for folder in ("benchmarks/common", "lab")]

from command import number, say  # noqa: E402
from lab import Lab, enter  # noqa: E402
from router import Router  # noqa: E402

SESSIONS, ROUNDS, SEED = number(words, "--sessions", 1000), number(words, "--rounds", 10), number(words, "--seed", 1)
BOUND = SESSIONS * 5 // 4  # of the configuration: refusals may begin at seven eighths of it
CONFIGURATION = f'interface "lan0" {{ }}\ninterface "lan1" {{ }}\nmanagement {{ sessions = {BOUND} }}\n'
COUNTERS = b'{"command": "counters"}\n'
GARBAGE = 4096
PAST_BOUND = 50  # so many come when it has been reached


def smaps(pid, key):
    """KiB of a process that its memory map calls so."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(f"{key}:"))


class Session:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(30)
        self.rest = b""

    def line(self):
        while b"\n" not in self.rest:
            some = self.socket.recv(65536)
            if not some:
                return None
            self.rest += some
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def ask(self, request):
        """The last line of the answer; None if the session has ended."""
        try:
            self.socket.sendall(request)
            while (answer := self.line()) and answer["code"] == 206:
                pass
        except (BrokenPipeError, ConnectionResetError):
            return None
        return answer

    def pour(self, data):
        """As much as it takes without being read."""
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.send(data)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass


def ask_all(sessions, draw):
    """Milliseconds that each of them waited for its answer, asked one after the other in an order that is drawn."""
    times = []
    for session in draw.sample(sessions, len(sessions)):
        began = time.perf_counter_ns()
        answer = session.ask(COUNTERS)
        times.append((time.perf_counter_ns() - began) / 1e6)
        if not answer or answer["code"] != 200 or "counters" not in answer["result"]:
            raise SystemExit(f"bench: a session answered {answer}")
    return times


def percentile(values, at):
    return round(sorted(values)[min(len(values) - 1, int(at * len(values)))], 3)


def times_of(sessions, draw, rounds):
    times = [one for _ in range(rounds) for one in ask_all(sessions, draw)]
    return {"p50_ms": percentile(times, .5), "p99_ms": percentile(times, .99), "max_ms": round(max(times), 3)}


def disturb(path, draw):
    """One that asks and reads nothing, one that sends what no request is."""
    deaf, babbler = Session(path), Session(path)
    deaf.pour(COUNTERS * 100)
    babbler.pour(bytes(draw.randrange(256) for _ in range(GARBAGE)) + b"\n")
    return deaf, babbler


def memory_kb(asker):
    """KiB that a session takes: what is its own, and with its share of what it has in common with others."""
    pids = [one["session"] for one in asker.ask(b'{"command": "sessions"}\n')["result"]["sessions"]]
    own, shared = ([smaps(pid, key) for pid in pids] for key in ("Private_Dirty", "Pss"))
    return {"own_kb": round(statistics.median(own), 1), "pss_kb": round(statistics.median(shared), 1)}


def one_more(path):
    """A session that is served; None if it was refused."""
    session = Session(path)
    answer = session.ask(COUNTERS)
    return session if answer and answer["code"] == 200 else None


def fill_up(path, sessions, asker):
    """More and more come, until the bound, and some more: the share that is refused, by quarters of the way where refusals may
    begin."""
    before = asker.ask(b'{"command": "sessions"}\n')["result"]
    begin, bound = before["max"] - before["max"] // 8, before["max"]
    held, tried, refused, first = len(before["sessions"]), {}, {}, None
    while tried.get(4, 0) < PAST_BOUND:
        session = one_more(path)
        step = max(0, held - begin) * 4 // (bound - begin)
        tried[step] = tried.get(step, 0) + 1
        if session:
            sessions.append(session)
            held += 1
        else:
            first = first or held
            refused[step] = refused.get(step, 0) + 1
    counted = asker.ask(b'{"command": "sessions"}\n')["result"]["refused"] - before["refused"]
    return {"bound": bound, "first_refused_at": first, "refused": sum(refused.values()), "counted": counted,
            "refused_share": {f"{step * 25} %": round(refused.get(step, 0) / tried[step], 3) for step in sorted(tried)}}


def main():
    enter()
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(files, BOUND + 1000),) * 2)
    draw = random.Random(SEED)
    router = Router(Lab(os.path.join(source, "lab/two-hosts.lab")), "middle", build, CONFIGURATION, background=True)
    alone = Session(router.socket)
    answer = {"sessions": SESSIONS, "seed": SEED, "alone": times_of([alone], draw, 1000)}
    say(f"one session: {answer['alone']}")
    began = time.perf_counter()
    disturbing = disturb(router.socket, draw)
    sessions = [alone] + [Session(router.socket) for _ in range(SESSIONS - 3)]
    ask_all(sessions, draw)
    answer["open_s"] = round(time.perf_counter() - began, 2)
    answer.update(times_of(sessions, draw, ROUNDS))
    say(f"{SESSIONS} sessions: p50 {answer['p50_ms']} ms, p99 {answer['p99_ms']} ms, max {answer['max_ms']} ms")
    engine = alone.ask(b'{"command": "version"}\n')["result"]["engine_pid"]
    os.kill(engine, signal.SIGSTOP)
    answer["engine_stopped"] = times_of(sessions, draw, 1)
    os.kill(engine, signal.SIGCONT)
    say(f"while the engine is stopped: {answer['engine_stopped']}")
    answer["memory"] = memory_kb(alone)
    answer["bound"] = fill_up(router.socket, sessions, alone)
    say(f"memory: {answer['memory']}; bound: {answer['bound']}")
    for session in disturbing:
        session.socket.close()
    os.kill(router.pid, signal.SIGTERM)
    if "--json" in words:
        print(json.dumps(answer))
    else:
        print(f"{SESSIONS} sessions at once, one deaf, one babbling: show counters takes {answer['p50_ms']} ms (median), {answer['p99_ms']} ms (99 %), "
              f"alone {answer['alone']['p50_ms']} and {answer['alone']['p99_ms']}; a session has {answer['memory']['own_kb']} KiB of its own; "
              f"refused from {answer['bound']['first_refused_at']} of {answer['bound']['bound']} on")


main()
