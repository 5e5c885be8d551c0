"""What tests of the daemon look at: processes, things that become true, results."""
import os
import re
import signal
import time

from lab import LabError

WAIT = 20  # seconds, for something that happens by itself


def until(condition, what, within=WAIT):
    """Wait for something that sends no event; it happens in milliseconds."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            raise LabError(f"not within {within} s: {what}")
        time.sleep(0.01)


def proc(pid, name):
    with open(f"/proc/{pid}/{name}", encoding="utf-8") as file:
        return file.read()


def status_of(pid):
    return dict(line.split(":\t", 1) for line in proc(pid, "status").splitlines() if ":\t" in line)


def children(pid):
    return [int(word) for word in proc(pid, f"task/{pid}/children").split()]


def living_name(pid):
    """How a process is called; None: it has ended."""
    try:
        status = status_of(pid)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if status["State"][0] == "Z" else status["Name"]


def alive(pid):
    return living_name(pid) is not None


def roles(daemon, name):
    """Processes of a daemon's role: "engine", "dhcp", "delay", "plan", "manage"."""
    return [pid for pid in children(daemon) if living_name(pid) == f"fairlead-{name}"]


def kill_all(router):
    """Every process of the daemon, at once."""
    pids = [router.process.pid, *children(router.process.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)  # so that none sees another one's end
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    router.process.wait()
    until(lambda: not any(alive(pid) for pid in pids), "the end of all")


def check(tap, name, held, *more):
    tap.case(name, [] if held else [str(one) for one in more] or ["it does not"])


def ip_counter(lab, node, name):
    """One of the counters that a node's kernel has for IPv4 (RFC 4293), as "ForwDatagrams"."""
    names, numbers = (line.split()[1:] for line in lab.on(node, "cat", "/proc/net/snmp").stdout.splitlines()
                      if line.startswith("Ip:"))
    return int(dict(zip(names, numbers))[name])


def state_of(lab, node):
    """All that a daemon may have changed at a node, and its own mounts; for what_is_left() of it."""
    at = lambda *command: lab.on(node, *command).stdout  # noqa: E731
    with open("/proc/mounts", encoding="ascii") as file:
        mounts = [line.rstrip() for line in file if "fairlead" in line]
    return "\n".join([at("ip", "-o", "addr"), at("ip", "route", "show", "table", "all"),
                      re.sub(r"(state \S+|qlen \S+)", "", at("ip", "-o", "link")), at("tc", "qdisc"),
                      at("sh", "-c", "cd /proc/sys/net/ipv4/conf; grep . */forwarding"), *mounts])


def what_is_left(before, now):
    """For a case: nothing, if both are the same."""
    return [] if now == before else ["before:", *before.splitlines(), "now:", *now.splitlines()]
