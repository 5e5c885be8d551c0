#!/usr/bin/env python3
"""The address plan: plan.py SOURCE_ROOT BUILD_ROOT [ROUNDS [SEED]]

What people do to it; and eight clients who allocate at once, whose connections break, while the daemon is killed: they
repeat what they have had no answer to, and nobody gets what another has, or loses what he has got.
"""
import ipaddress
import json
import os
import random
import signal
import socket
import sys
import threading
import time

source, build, *more = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab, LabError  # noqa: E402
from observe import check, roles, status_of, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402

ROUNDS = int(more[0]) if more else 12
SEED = int(more[1]) if len(more) > 1 else 1
CLIENTS = 8
BATCH = 8
CONFIGURATION = 'interface "lan0" { address = "10.0.1.1/24" }\n'


def ask(router, command, **arguments):
    """All lines of an answer, over a connection of its own."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(router.socket)
        sock.settimeout(20)
        sock.sendall(json.dumps({"command": command, "arguments": arguments}).encode() + b"\n")
        lines = []
        for line in sock.makefile(encoding="utf-8"):
            lines.append(json.loads(line))
            if lines[-1]["code"] != 206:
                return lines
    raise ConnectionError("it ended before it was complete")


def do(router, *operations, **more_arguments):
    """What has become of each."""
    lines = ask(router, "plan-do", operations=operations, **more_arguments)
    if lines[-1]["code"] != 200:
        raise ConnectionError(lines[-1])
    return [done for line in lines for done in line["result"]["done"]]


def nodes(router, command="plan", **arguments):
    lines = ask(router, command, **arguments)
    return [node for line in lines for node in line["result"]["nodes"]]


def ranges(router, **arguments):
    return [node["range"] for node in nodes(router, **arguments)]


def planners(router):
    return roles(router.process.pid, "plan")


# --- what people do ----------------------------------------------------------------------------------------------------


def people_plan(tap, router):
    def plan(*words):
        return router.ask("plan", *words)

    check(tap, "nothing is planned at first", router.fairlead("plan", "show").stdout == "nothing is planned there\n")
    plan("add", "10.0.0.0/16", "block", "name", "site", "owner", "acme")
    got = plan("allocate", "site", "/24", "name", "site/lan0")
    check(tap, "a subnet is allocated", got["node"]["range"] == "10.0.0.0/24" and got["operation"] == 2, got)
    got = plan("allocate", "site", "/24", "name", "site/lan1", "keep-sibling")
    check(tap, "one that can grow lies where it can", got["node"]["range"] == "10.0.2.0/24" and got["steps"] == 2, got)
    check(tap, "a host does not get the network's address", plan("allocate", "site/lan0", "32")["node"]["range"] == "10.0.0.1")
    plan("add", "10.0.0.100-10.0.0.199", "name", "site/lan0/pool")
    tree = plan("show")["nodes"]
    check(tap, "the tree is shown", [(node["range"], node["depth"], node["kind"]) for node in tree] == [
        ("10.0.0.0/16", 0, "block"), ("10.0.0.0/24", 1, "subnet"), ("10.0.0.1", 2, "host"),
        ("10.0.0.100-10.0.0.199", 2, "pool"), ("10.0.2.0/24", 1, "subnet"), ("10.0.3.0/24", 1, "subnet")], tree)
    usage = tree[1]["usage"]
    check(tap, "and how full it is", (usage["addresses"], usage["used"], usage["edges"], usage["free"], usage["largest"]) ==
          (256, 101, 2, 153, 27), usage)
    lines = router.fairlead("plan", "show", "site/lan0").stdout.splitlines()
    check(tap, "in words too", lines[1].split()[:4] == ["10.0.0.0/24", "subnet", "assigned", "site/lan0"] and
          "[####......]  40.2 %  /27 free" in lines[1], *lines)
    refused = router.fairlead("plan", "allocate", "site", "/15", check=False)
    check(tap, "a refusal says why", refused.returncode == 1 and refused.stderr ==
          "fairlead: plan: 10.0.0.0/16: expected a length that is longer than its own, and at most 32\n", refused.stderr)
    plan("delegate", "site/lan1", "bob")
    refused = router.fairlead("plan", "allocate", "site/lan1", "32", check=False)
    check(tap, "who has delegated does not allocate there", "its owner alone acts there" in refused.stderr, refused.stderr)
    check(tap, "its owner does", plan("allocate", "site/lan1", "32", "as", "bob")["node"]["range"] == "10.0.2.1")
    check(tap, "a delegation is taken back", plan("set", "site/lan1", "delegated", "no")["node"]["delegated"] is False)
    plan("undo")
    before = plan("show")
    freed = plan("free", "site/lan0", "all", "cool-off", "1h")
    check(tap, "what is freed cools off", freed["node"]["status"] == "quarantined" and freed["steps"] == 3, freed)
    plan("undo")
    check(tap, "which can be undone", plan("show") == before, plan("show"), before)
    history = plan("history")["operations"]
    check(tap, "all of it is history", [(one["operation"], one["what"]) for one in history] == [
        (11, "undo"), (10, "free"), (9, "undo"), (8, "set"), (7, "allocate"), (6, "delegate"), (5, "add"), (4, "allocate"), (3, "allocate"),
        (2, "allocate"), (1, "add")], history)
    check(tap, "with who did it, and for whom", (history[4]["who"], history[4]["as"]) == ("root", "bob"), history[4])
    check(tap, "and what has undone it", (history[0]["undoes"], history[1]["undone"]) == (10, 11), history[:2])
    check(tap, "as much of it as is wanted", len(plan("history", "limit", "3")["operations"]) == 3)
    about = plan("history", "site/lan1")["operations"]
    check(tap, "that of a node's addresses", [one["operation"] for one in about] == [9, 8, 7, 6, 3, 1], about)
    check(tap, "that of an operation", [one["step"] for one in plan("history", "10")["operations"]] == [0, 1, 2])
    found = plan("find", "10.0.0.150")["nodes"]
    check(tap, "an address is found", [node["range"] for node in found] == ["10.0.0.0/16", "10.0.0.0/24", "10.0.0.100-10.0.0.199"], found)
    check(tap, "and a text", [node["name"] for node in plan("find", "ACME")["nodes"]] == ["site"])
    check(tap, "so is what is not planned", router.fairlead("plan", "find", "192.0.2.1").stdout == "it is not planned\n")
    the_same_again(tap, router)
    others_may_look(tap, router)


def the_same_again(tap, router):
    order = {"do": "allocate", "within": "site", "length": 28, "kind": "subnet", "key": "once"}
    first, again = do(router, order)[0], do(router, order)[0]
    check(tap, "a repeated request gets the same answer", (first["repeated"], again["repeated"]) == (False, True) and
          {**first, "repeated": True} == again, first, again)
    other = do(router, {**order, "length": 27})[0]
    check(tap, "a key is of one request", other == {"code": 422, "error": f"key once is that of another order: operation {first['operation']}"}, other)
    do(router, {"do": "free", "node": first["node"]["range"]})


def others_may_look(tap, router):
    """Whoever is no administrator."""
    def as_nobody():
        os.setgid(65534)
        os.setuid(65534)
        looked = ask(router, "plan")[-1]["code"]
        done = ask(router, "plan-do", operations=[{"do": "undo"}])[-1]["code"]
        os._exit(0 if (looked, done) == (200, 403) else 1)

    pid = os.fork()
    if pid == 0:
        try:
            as_nobody()
        finally:
            os._exit(2)
    check(tap, "everybody may look, and not everybody change", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0)


def at_a_time(tap, router):
    """Who had an address when: times are of whole seconds, so something is changed in another one."""
    do(router, {"do": "add", "range": "192.0.2.0/24", "kind": "block", "name": "lab"},
       {"do": "add", "range": "192.0.2.0/26", "kind": "subnet", "name": "first"})
    then = nodes(router, "plan-find", node="192.0.2.5")[-1]["created"]
    until(lambda: int(time.time()) > then, "another second")
    do(router, {"do": "free", "node": "first"}, {"do": "add", "range": "192.0.2.0/25", "kind": "subnet", "name": "second"},
       {"do": "set", "node": "lab", "owner": "ada"})
    was = router.ask("plan", "find", "192.0.2.5", f"@{then}")["nodes"]
    check(tap, "what was at a time", [(node["range"], node["name"], node["owner"]) for node in was] ==
          [("192.0.2.0/24", "lab", None), ("192.0.2.0/26", "first", None)], was)
    check(tap, "and before that nothing", router.ask("plan", "find", "192.0.2.5", f"@{then - 1}")["nodes"] == [])
    do(router, {"do": "free", "node": "lab", "all": True})


def what_cools_off_is_free(tap, router):
    do(router, {"do": "add", "range": "203.0.113.0/24", "kind": "block", "name": "cool"}, {"do": "free", "node": "cool", "cool_off": 1})
    until(lambda: not nodes(router, within="203.0.113.0/24"), "it has cooled off")
    (latest,) = router.ask("plan", "history", "limit", "1")["operations"]
    check(tap, "the clock frees what has cooled off", (latest["what"], latest["who"], latest["before"]["range"]) ==
          ("expire", "clock", "203.0.113.0/24"), latest)
    refused = do(router, {"do": "undo", "operation": latest["operation"]})[0]
    check(tap, "which is not undone", refused.get("error") == "what has cooled off is free: it can be allocated again", refused)


def a_damaged_plan(tap, router):
    """The router goes on without it, and says so."""
    check(tap, "it stops", router.stop() == 0, router.log)
    path = f"{router.state}/plan.db"
    os.rename(path, f"{path}.kept")
    for end in ("-wal", "-shm"):
        if os.path.exists(path + end):
            os.unlink(path + end)
    with open(path, "wb") as file:
        file.write(b"no database" * 1000)
    router.start()
    answer = ask(router, "plan")[-1]
    check(tap, "without its plan there is no answer", answer == {"code": 504, "error": "who would know did not answer in time"}, answer)
    check(tap, "it forwards", router.ask("show", "ports")["ports"][0]["door"] == "tc", router.ask("show", "ports"))
    os.rename(f"{path}.kept", path)
    until(lambda: ask(router, "plan")[-1]["code"] == 200, "with its plan there is one")
    check(tap, "it stops cleanly", router.stop() == 0, router.log)
    said = f"fairleadd: error: {path}: it is damaged, or no database of Fairlead"
    check(tap, "it says what is wrong", said in router.log, *router.log)


def wrong_requests(tap, router):
    """Each is refused as a whole, with the place and what was expected there."""
    fine = {"do": "add", "range": "198.51.100.0/24", "kind": "block"}
    wrongs = [
        ([], "operations: expected a list that is not empty"),
        ([fine, 7], "operations[1]: expected an object"),
        ([fine, {"do": "expire"}], "operations[1]: do: 'expire': expected add, allocate, set, delegate, free, split, merge, move, resize, import or undo"),
        ([{"do": "merge"}], "operations[0]: range is missing"),
        ([{"do": "free", "node": "x", "name": "y"}], "operations[0]: 'name' is not of free: expected node, all, cool_off, key"),
        ([{**fine, "range": "198.51.100.1/24"}], "operations[0]: range: '198.51.100.1/24': expected an address, a prefix without host bits, or a range FIRST-LAST"),
        ([{"do": "split", "node": "10.0.0.0/33", "length": 24}], "operations[0]: node: '10.0.0.0/33': expected an address, a prefix without host bits, a range FIRST-LAST, or a node's name"),
        ([{"do": "split", "node": "x", "length": 33}], "operations[0]: length: expected an integer from 0 to 32"),
        ([{"do": "split", "node": "x", "length": "24"}], "operations[0]: length: expected an integer from 0 to 32"),
        ([{**fine, "kind": "network"}], "operations[0]: kind: 'network': expected block, subnet, pool or host"),
        ([{**fine, "owner": "o" * 256}], "operations[0]: owner: expected a string of at most 255 bytes, or null"),
        ([{**fine, "delegated": 1}], "operations[0]: delegated: expected true or false"),
        ([{**fine, "key": "k" * 64}], "operations[0]: key: expected a string of at most 63 bytes, or null"),
    ]
    for operations, said in wrongs:
        answer = ask(router, "plan-do", operations=operations)[-1]
        check(tap, said, answer == {"code": 400, "error": said}, answer)
    check(tap, "nothing of them was done", nodes(router, within="198.51.100.0/24") == [])
    for command, arguments, said in (
            ("plan", {"within": "10.0.0.0/8/8"}, "within: '10.0.0.0/8/8': expected an address, a prefix without host bits, a range FIRST-LAST, or a node's name"),
            ("plan", {"depth": -1}, "depth: expected an integer that is not negative"),
            ("plan", {"having": ""}, "having: expected a string of 1 to 255 bytes"),
            ("plan-find", {}, "node: expected a node's name, an address, a prefix or a range, as a string"),
            ("plan-find", {"node": "site", "at": 7}, "node: with a time, expected an address, prefix or range: names may have been others'"),
            ("plan-history", {"about": "site", "operation": 3}, "operation: expected either this or about"),
            ("plan-do", {"operations": [fine], "as": 5}, "as: expected an owner, of 1 to 255 bytes")):
        answer = ask(router, command, **arguments)[-1]
        check(tap, f"{command}: {said}", answer == {"code": 400, "error": said}, answer)
    answer = ask(router, "plan", within="nowhere")[-1]
    check(tap, "a name that nobody has", answer == {"code": 422, "error": "there is no such node in the plan"}, answer)


# --- many at once ------------------------------------------------------------------------------------------------------


class Client(threading.Thread):
    """Allocates, and frees some of it; asks again for what was not answered, with the same key."""

    def __init__(self, router, number):
        super().__init__()
        self.router, self.draw = router, random.Random(f"{SEED} {number}")
        self.number, self.count = number, 0
        self.mine, self.wrong = {}, []  # range -> name
        self.asked, self.repeated, self.broken = 0, 0, 0
        self.stop = threading.Event()

    def send(self, operations):
        """What was answered; the connection may be broken on purpose before that is read."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(20)
            sock.connect(self.router.socket)
            sock.sendall(json.dumps({"command": "plan-do", "arguments": {"operations": operations}}).encode() + b"\n")
            if self.draw.random() < 0.2:
                raise ConnectionError("on purpose")
            done = []
            for line in sock.makefile(encoding="utf-8"):
                answer = json.loads(line)
                if answer["code"] not in (200, 206):
                    raise ConnectionError(answer)
                done += answer["result"]["done"]
                if answer["code"] == 200:
                    return done
        raise ConnectionError("it ended")

    def order(self):
        self.count += 1
        key = f"client-{self.number}-{self.count}"
        if self.mine and self.draw.random() < 0.3:
            node = self.draw.choice(sorted(self.mine))
            del self.mine[node]
            return {"do": "free", "node": node, "key": key}
        return {"do": "allocate", "within": self.draw.choice(("pool-a", "pool-b")), "length": self.draw.choice((26, 28, 29, 32)),
                "kind": "block", "name": key, "strategy": self.draw.choice(("first", "best", "sparse")), "key": key}

    def run(self):
        while not self.stop.is_set():
            orders = [self.order() for _ in range(self.draw.randrange(1, BATCH))]
            self.asked += len(orders)
            done, tries = None, 0
            while done is None:
                try:
                    done = self.send(orders)
                except (OSError, ValueError):
                    self.broken += 1
                    tries += 1
                    time.sleep(0.01)
                    if tries > 2000:
                        self.wrong.append("no answer any more")
                        return
            for order, one in zip(orders, done, strict=True):
                self.take(order, one)

    def take(self, order, one):
        self.repeated += one.get("repeated", False)
        if one["code"] != 200:
            self.wrong.append((order, one))
        elif order["do"] == "allocate":
            self.mine[one["node"]["range"]] = order["name"]


def kill_something(router, draw):
    """The planner, or the whole daemon."""
    if draw.random() < 0.5:
        (pid,) = planners(router)
        os.kill(pid, signal.SIGKILL)
        until(lambda: planners(router) not in ([], [pid]), "another planner comes")
    else:
        router.process.kill()
        router.process.wait()
        router.process.stderr.close()
        router.start()
        until(lambda: planners(router), "the planner comes")


def many_at_once(tap, router):
    do(router, {"do": "add", "range": "10.128.0.0/10", "kind": "block", "name": "pool-a"},
       {"do": "add", "range": "10.192.0.0/10", "kind": "block", "name": "pool-b"})
    clients = [Client(router, number) for number in range(CLIENTS)]
    draw = random.Random(SEED)
    for client in clients:
        client.start()
    try:
        for _ in range(ROUNDS):
            before = sum(client.count for client in clients)
            until(lambda: sum(client.count for client in clients) > before + 40, "clients are served", 60)
            kill_something(router, draw)
    finally:
        for client in clients:
            client.stop.set()
        for client in clients:
            client.join()
    wrong = [one for client in clients for one in client.wrong]
    check(tap, "every order is carried out once", not wrong, *wrong[:5])
    asked, repeated = sum(client.asked for client in clients), sum(client.repeated for client in clients)
    check(tap, "some were answered twice", repeated > 0, asked, repeated)
    had = [(node, name) for client in clients for node, name in client.mine.items()]
    check(tap, "nobody has what another has", len({node for node, _ in had}) == len(had), len(had))
    nets = sorted(ipaddress.ip_network(node) for node, _ in had)
    check(tap, "nor a part of it", not any(a.overlaps(b) for a, b in zip(nets, nets[1:])))
    there = {node["range"]: node["name"] for within in ("pool-a", "pool-b") for node in nodes(router, within=within) if node["depth"]}
    check(tap, "everybody has what he has got, and nobody anything else", there == dict(had),
          sorted(set(there.items()) ^ set(had))[:5])
    print(f"# {asked} orders, {len(had)} nodes left, {sum(client.broken for client in clients)} connections broken, "
          f"{repeated} orders answered again, {ROUNDS} kills")


def all_cases(tap):
    lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
    router = start_unless_forbidden(tap, lambda: Router(lab, "middle", build, CONFIGURATION))
    until(lambda: planners(router), "the planner is there")
    people_plan(tap, router)
    at_a_time(tap, router)
    what_cools_off_is_free(tap, router)
    wrong_requests(tap, router)
    before = nodes(router)
    (pid,) = planners(router)
    status = status_of(pid)
    check(tap, "who plans is nobody, and may nothing", status["Uid"].split() == ["65534"] * 4 and
          int(status["CapPrm"], 16) == 0 and status["NoNewPrivs"] == "1", status)
    os.kill(pid, signal.SIGKILL)
    until(lambda: planners(router) not in ([], [pid]), "another comes in its place")
    check(tap, "which knows the same", nodes(router) == before)
    many_at_once(tap, router)
    a_damaged_plan(tap, router)


run_in_lab(all_cases)
