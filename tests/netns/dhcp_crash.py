#!/usr/bin/env python3
"""Nothing is forgotten: dhcp_crash.py SOURCE_ROOT BUILD_ROOT [ROUNDS [SEED]]

The daemon is killed at random instants while many clients get addresses. What it has acknowledged must be there.
"""
import os
import random
import re
import subprocess
import sys
import time

source, build, *more = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from dhcp_frames import ACK, DISCOVER, OFFER, REQUEST, addr, message  # noqa: E402
from lab import Lab, enter  # noqa: E402
from observe import check, until  # noqa: E402
from ready import skip_unless_possible, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from tap import Tap  # noqa: E402
from wire import Wire  # noqa: E402

ROUNDS = int(more[0]) if more else 50
SEED = int(more[1]) if len(more) > 1 else 1
RATE = 3000
# Room for what is acknowledged, and little more: what would be forgotten would be given to others.
POOL = "10.128.0.0/17" if ROUNDS <= 60 else "10.128.0.0/12"
CONFIGURATION = f'interface "lan0" {{ dhcp {{ pool = "{POOL}" lease = "1d" conflict-check = false }} }}\n'
LOG = "/run/acks"


def acks():
    """(address, hardware address) of each ACK that a client has got."""
    with open(LOG, encoding="ascii") as log:
        return [tuple(line.split()[:2]) for line in log if line.endswith("\n")]


def log_bytes():
    return os.path.getsize(LOG) if os.path.exists(LOG) else 0


def kill_at_random(router, draw):
    """When clients get addresses again, and a moment later."""
    before = log_bytes()
    until(lambda: log_bytes() > before, "an ACK")
    time.sleep(draw.uniform(0, 0.1))
    router.process.kill()
    router.process.wait()
    router.process.stderr.close()


def stored(router):
    """address -> hardware address, of the leases that are bound."""
    rows = subprocess.run(["sqlite3", "-separator", " ", f"{router.state}/fairlead.db",
                           "SELECT address, replace(mac, ':', '') FROM leases WHERE state = 'bound'"],
                          capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in rows.splitlines())


def nothing_is_forgotten(tap, lab):
    draw = random.Random(SEED)
    router = start_unless_forbidden(tap, lambda: Router(lab, "server", build, CONFIGURATION))
    load = lab.spawn("clients", os.path.join(build, "benchmarks/dhcp_load"), "--interface", "eth0", "--rate", str(RATE),
                     "--count", str(RATE * 3 * (ROUNDS + 20)), "--log", LOG, stdout=subprocess.DEVNULL)
    for _ in range(ROUNDS):
        kill_at_random(router, draw)
        router.start()
    before = log_bytes()
    until(lambda: log_bytes() > before, "an ACK")
    load.terminate()
    load.wait()
    told = acks()
    given = {}
    twice = [f"{address} was given to {given[address]} and to {mac}" for address, mac in told
             if given.setdefault(address, mac) != mac]
    kept = stored(router)
    lost = [f"{address} of {mac}: the store has {kept.get(address)}" for address, mac in given.items()
            if kept.get(address) != mac]
    tap.note(f"seed {SEED}: {len(told)} ACKs, killed {ROUNDS} times")
    check(tap, f"killed {ROUNDS} times: clients got addresses meanwhile", len(told) > 20 * ROUNDS, len(told))
    tap.case("no address was given to two clients", twice[:20])
    tap.case("every address that was acknowledged is the client's", lost[:20])
    until(lambda: router.dhcp_counts()["unmoved"] <= 1, "changes are moved in a quiet moment")
    kept = stored(router)
    tap.case("and so it is when changes have been moved",
             [f"{address} of {mac}" for address, mac in given.items() if kept.get(address) != mac][:20])
    return router


# --- the order of flush and ACK ---------------------------------------------------------------------------------------

def dora(wire, mac):
    offer = wire.ask(message(mac, [(53, bytes([DISCOVER]))]), src_mac=mac)
    assert offer.type == OFFER, offer.options
    reply = wire.ask(message(mac, [(53, bytes([REQUEST])), (50, addr(offer.yiaddr)), (54, offer.get(54))]), src_mac=mac)
    assert reply.type == ACK, reply.options


def the_flush_comes_first(tap, lab, router):
    """Read off the system calls of the role."""
    role = router.roles_with("fairlead.db")[0]
    trace = "/run/trace"
    tracer = subprocess.Popen(["strace", "-f", "-y", "-xx", "-s", "700", "-o", trace, "-e",
                               "trace=pwrite64,fdatasync,fsync,sendmmsg", "-p", str(role)], stderr=subprocess.PIPE,
                              text=True)
    for line in tracer.stderr:  # all threads are attached by then
        if "attached" in line:
            break
    wire = Wire(lab, "clients", b"\x02\0\0\0\x09\0", ("server", "lan0"))
    for number in range(3):
        dora(wire, bytes([2, 0, 0, 0, 9, number]))
    wire.close()
    tracer.terminate()
    tracer.wait()
    flushing = {}
    with open(trace, encoding="ascii") as file:
        events = [event for event in (event_of(line, flushing) for line in file) if event]
    # One client after the other, so each ACK has a write and the end of its flush in front of it. (Changes that are moved
    # in the database are written and flushed too; and before the log is moved into the database, it is flushed once more.)
    order = " ".join(event for at, event in enumerate(events) if not at or event != events[at - 1])
    check(tap, "each ACK is sent when the flush of its change has returned",
          re.match(r"((flushed )?(write flushed )+ack\b ?){3}", order), order)


THE_LOG = "".join(f"\\x{ord(letter):02x}" for letter in "fairlead.db-wal")  # as strace writes it


def event_of(line, flushing):
    """What a line of strace's means here; None: nothing. flushing: by thread, whether it is the log that it flushes (the
    database itself is flushed too, when the log is moved into it)."""
    thread = line.split(maxsplit=1)[0]
    if "pwrite64(" in line and THE_LOG in line:
        return "write"
    if "fdatasync(" in line:
        flushing[thread] = THE_LOG in line
    if re.search(r"fdatasync(\(.*| resumed>.*)= 0$", line.rstrip()) and flushing.get(thread):
        return "flushed"
    if "sendmmsg(" in line and r"\x63\x82\x53\x63\x35\x01\x05" in line:
        return "ack"
    return None


# --- a disk that cannot be written to ---------------------------------------------------------------------------------

def a_read_only_disk(tap, lab):
    state = "/run/read-only"
    os.mkdir(state)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", state], check=True)
    router = Router(lab, "server", build, CONFIGURATION, state=state)
    said = [line for line in router.log if "Read-only" in line]
    check(tap, "a read-only disk: it says so, and forwards", len(said) == 1 and "fairlead.db" in said[0], router.log)
    check(tap, "a read-only disk: DHCP is not served", router.fairlead("show", "leases", check=False).returncode == 1)
    check(tap, "a read-only disk: it stops with status 0", router.stop() == 0, router.log)


def main():
    tap = Tap()
    skip_unless_possible(tap)
    enter()
    lab = Lab(os.path.join(source, "benchmarks/dhcp/bench.lab"))
    router = nothing_is_forgotten(tap, lab)
    the_flush_comes_first(tap, lab, router)
    check(tap, "it stops with status 0", router.stop() == 0, router.log)
    a_read_only_disk(tap, lab)
    tap.end()


main()
