#!/usr/bin/env python3
"""The daemon in a lab: daemon.py SOURCE_ROOT BUILD_ROOT

How it starts, reloads, stops, survives, and what it leaves behind; its static routes; its management server.
"""
import os
import re
import signal
import socket
import subprocess
import sys

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab, LabError, enter  # noqa: E402
from observe import (WAIT, alive, check, children, proc, roles, state_of, status_of, until,  # noqa: E402
                     what_is_left)  # noqa: E402
from ready import skip_unless_possible, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from talk import Talk  # noqa: E402
from tap import Tap  # noqa: E402

PORTS = 'interface "lan0" { door = "tc" }\ninterface "lan1" { door = "tc" }\n'
BASE = PORTS + 'route "192.0.2.0/24" { via = "10.0.2.10" }\n'
class Net:
    def __init__(self):
        self.lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
        # So that it shows what is switched on, and put back.
        self.lab.on("middle", "sysctl", "-qw", "net.ipv4.ip_forward=0")
        self.before = state_of(self.lab, "middle")

    def left_behind(self):
        return what_is_left(self.before, state_of(self.lab, "middle"))

    def ping(self, address="10.0.2.10"):
        return self.lab.on("left", "ping", "-n", "-c", "1", "-W", "3", address, check=False).returncode == 0

    def router(self, configuration=BASE, background=False):
        return Router(self.lab, "middle", build, configuration, background)

    def kernel_route(self, address):
        return self.lab.on("middle", "ip", "route", "get", address, check=False).stdout.split("\n")[0].strip()

    def middle(self, *command):
        return self.lab.on("middle", *command)


# --- starting and stopping --------------------------------------------------------------------------------------------

def it_is_a_proper_daemon(tap, net):
    router = net.router(background=True)
    pid = router.pid
    status = status_of(pid)
    stat = proc(pid, "stat").rpartition(")")[2].split()
    check(tap, "the launcher returns when it forwards", router.ask("show", "ports")["ports"][0]["state"] == "forwards")
    check(tap, "a session of its own, without a terminal", int(stat[3]) == pid and int(stat[4]) == 0, stat)
    check(tap, "its working directory is /", os.readlink(f"/proc/{pid}/cwd") == "/")
    check(tap, "its umask is 0", status["Umask"] == "0000", status["Umask"])
    ignored = int(status["SigIgn"], 16)
    for name in ("SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGPIPE"):
        check(tap, f"{name} is ignored", ignored >> (getattr(signal, name) - 1) & 1)
    for process in (pid, *children(pid)):
        targets = [os.readlink(f"/proc/{process}/fd/{fd}") for fd in range(3)]
        check(tap, f"standard descriptors of {process - pid} are on nothing and the log",
              targets == ["/dev/null", router.log_path, router.log_path], targets)
    for name, mode in (("fairleadd.pid", 0o644), ("management.sock", 0o666), ("engine.sock", 0o600)):
        found = os.stat(f"{router.directory}/{name}").st_mode & 0o777
        check(tap, f"{name} has mode {mode:o}", found == mode, f"{found:o}")
    with open(router.log_path, encoding="utf-8") as file:
        log = file.read()
    check(tap, "the log has what was said at the start, once", log.count(": ready") == 1, log)
    second = net.lab.on("middle", router.program, "--config", router.path, "--run-directory", router.directory, check=False)
    check(tap, "a second one does not start, and says why",
          second.returncode == 1 and f"running already, as process {pid}" in second.stderr, second)
    os.kill(pid, signal.SIGTERM)
    check(tap, "SIGTERM ends it with status 0", os.waitpid(pid, 0)[1] == 0)  # this is its namespace's process 1
    tap.case("after SIGTERM nothing is left", net.left_behind())
    check(tap, "nor its files", not os.path.exists(router.directory), os.path.exists(router.directory) and os.listdir(router.directory))


def what_cannot_start_says_so(tap, net):
    for name, configuration, why in (
            ("a wrong configuration", 'interface "lan0" { door = 3 }', "middle.conf:1: door: '3': expected auto, xdp or tc"),
            ("a port that cannot have a door", 'interface "lo" { }', "error: lo: the door could not be attached"),
            ("an XDP door where there is none", 'interface "bridge" { door = "xdp" }', "has no native XDP")):
        if "bridge" in configuration:
            net.middle("ip", "link", "add", "bridge", "type", "bridge")
        try:
            net.router(configuration, background=True)
            said = "it started"
        except LabError as error:
            said = str(error)
        check(tap, f"{name}: the launcher fails, and says why", why in said, said)
        net.lab.on("middle", "ip", "link", "del", "bridge", check=False)
    tap.case("and leaves nothing", net.left_behind())


def it_tells_the_service_manager(tap, net):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind("/run/notify")
    manager.settimeout(WAIT)
    os.environ["NOTIFY_SOCKET"] = "/run/notify"
    router = net.router()
    del os.environ["NOTIFY_SOCKET"]
    check(tap, "READY=1", manager.recv(1000) == b"READY=1")
    router.process.send_signal(signal.SIGHUP)
    check(tap, "RELOADING=1", manager.recv(1000).startswith(b"RELOADING=1\nMONOTONIC_USEC="))
    check(tap, "READY=1 again", manager.recv(1000) == b"READY=1")
    check(tap, "it stops with status 0", router.stop() == 0, *router.log)
    check(tap, "STOPPING=1", manager.recv(1000) == b"STOPPING=1")
    manager.close()
    os.unlink("/run/notify")


def roles_keep_what_they_need(tap, net):
    router = net.router()
    router.ask("show", "version")  # both are there
    router.ask("plan", "show")
    engine, management = (status_of(pid) for name in ("engine", "manage") for pid in roles(router.process.pid, name))
    wanted = 1 << 10 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 38 | 1 << 39  # NET_BIND_SERVICE, NET_ADMIN, NET_RAW, IPC_LOCK, PERFMON, BPF
    for kind in ("CapPrm", "CapEff"):
        check(tap, f"the engine's {kind}", int(engine[kind], 16) == wanted, engine[kind])
        check(tap, f"the management server's {kind}", int(management[kind], 16) == 0, management[kind])
    check(tap, "neither can get more", engine["CapBnd"] == management["CapBnd"] == "0" * 16 and
          engine["NoNewPrivs"] == management["NoNewPrivs"] == "1", engine, management)
    check(tap, "the management server is nobody", management["Uid"].split() == ["65534"] * 4, management["Uid"])
    router.stop()


# --- surviving --------------------------------------------------------------------------------------------------------

def roles_that_are_killed_come_back(tap, net):
    configuration = BASE + 'interface "other" { }\n'
    router = net.router(configuration)
    for times in range(3):
        version = router.ask("show", "version")
        os.kill(version["engine_pid"], signal.SIGKILL)
        until(lambda: router.ask("show", "version")["engine_pid"] != version["engine_pid"], "another engine")
        answer = router.ask("route", "192.0.2.7")
        check(tap, f"the engine is killed ({times + 1}): the next one forwards",
              net.ping() and router.ask("show", "ports")["ports"][0]["state"] == "forwards" and
              answer["source"] == "static", answer)
        (management,) = roles(router.process.pid, "manage")
        os.kill(management, signal.SIGKILL)
        check(tap, f"the management server is killed ({times + 1}): the next one answers",
              router.ask("show", "version")["hostname"] is not None)
    check(tap, "the daemon still stops in order", router.stop() == 0, *router.log)
    tap.case("and leaves nothing", net.left_behind())
    for door in ("tc", "xdp"):
        configuration = BASE.replace("tc", door) + 'interface "missing" { address = "10.9.9.1/24" }\n'
        configuration = configuration.replace('"lan0" {', '"lan0" { address = "10.0.77.1/24"')
        router = net.router(configuration)
        for times in range(3):
            old = children(router.process.pid)
            router.process.kill()
            router.process.wait()
            again = net.router(configuration)
            until(lambda: not any(alive(pid) for pid in old), "the end of the old roles")
            check(tap, f"{door}: the parent is killed ({times + 1}): another one starts at once",
                  net.ping() and net.ping("10.0.77.1") is not None and
                  again.ask("route", "192.0.2.7")["source"] == "static", *again.log)
            router = again
        check(tap, f"{door}: it stops in order", router.stop() == 0, *router.log)
        tap.case(f"{door}: and nothing is left, of any of them", net.left_behind())
    router = net.router()
    engine = router.ask("show", "version")["engine_pid"]
    os.kill(engine, signal.SIGSTOP)  # so that it cannot stop in order
    os.kill(engine, signal.SIGKILL)
    check(tap, "a stop while the engine is killed", router.stop() == 0, *router.log)
    tap.case("leaves nothing either", net.left_behind())


# --- reloading --------------------------------------------------------------------------------------------------------

def door_ids(net):
    return re.findall(r"id (\d+)", net.middle("sh", "-c", "tc filter show dev lan0 ingress; tc filter show dev lan1 ingress").stdout)


def a_reload_touches_what_is_different(tap, net):
    router = net.router()
    doors = door_ids(net)
    def reload(configuration):
        router.configure(configuration)
        return router.fairlead("reload", check=False)
    result = reload(BASE + 'route "198.18.0.0/16" { type = "unreachable" }\nhostname = "renamed"')
    check(tap, "a route is added", result.returncode == 0 and
          "unreachable 198.18.0.0/16" in net.middle("ip", "route").stdout, result)
    until(lambda: router.ask("show", "version")["hostname"] == "renamed", "the new name")
    check(tap, "the doors were not touched", door_ids(net) == doors)
    result = reload(BASE + 'interface "lan0" { }\nroute "1.2.3.4/33" { }\n')
    check(tap, "a wrong one is refused, with every error",
          result.returncode == 1 and "(422)" in result.stderr and
          ":4: interface lan0 is there already" in result.stderr and ":5: route '1.2.3.4/33'" in result.stderr, result)
    check(tap, "and the one in force stays", "198.18.0.0/16" in net.middle("ip", "route").stdout and door_ids(net) == doors)
    os.unlink(router.path)
    result = router.fairlead("reload", check=False)
    check(tap, "so it does without a file", result.returncode == 1 and "No such file" in result.stderr, result)
    result = reload('interface "lan0" { address = ["10.0.77.1/24", "10.0.78.1/24"] door = "tc" }')
    addresses = net.middle("ip", "addr").stdout
    check(tap, "a port goes, addresses come", result.returncode == 0 and "10.0.77.1/24 brd 10.0.77.255" in addresses and
          "10.0.78.1/24" in addresses and len(door_ids(net)) == 1, addresses)
    check(tap, "what was switched on at the port is put back",
          net.middle("cat", "/proc/sys/net/ipv4/conf/lan1/forwarding").stdout.strip() == "0")
    reload('interface "lan0" { address = "10.0.78.1/24" door = "xdp" }')
    ports = router.ask("show", "ports")["ports"]
    addresses = net.middle("ip", "addr").stdout
    check(tap, "another door, an address less", [port["door"] for port in ports] == ["xdp"] and
          "10.0.77.1" not in addresses and "10.0.78.1/24" in addresses, ports, addresses)
    reload(BASE)
    check(tap, "and back to the first", net.ping() and len(door_ids(net)) == 2)
    os.kill(router.process.pid, signal.SIGHUP)
    router.wait_for("the new configuration is in force")
    check(tap, "it stops in order", router.stop() == 0, *router.log)
    tap.case("and leaves nothing", net.left_behind())


# --- static routes ----------------------------------------------------------------------------------------------------

def static_routes_and_the_kernels(tap, net):
    floating = 'route "198.18.0.0/16" { via = "10.0.2.20" preference = 200 }\n'
    router = net.router(BASE + floating + 'route "203.0.113.0/24" { via = "10.55.0.1" }\n' +
                        'route "192.0.2.0/24" { via = "10.0.2.11" metric = 5 }\n'
                        'route "10.0.2.0/24" { via = "10.0.1.10" }\n')

    def agrees(address, via):
        answer = router.ask("route", address)
        return answer["via"] == via and f"via {via} " in net.kernel_route(address)

    check(tap, "the best of two static routes", agrees("192.0.2.1", "10.0.2.10"))
    check(tap, "one that waits for a gateway", router.ask("route", "203.0.113.1")["prefix"] is None)
    check(tap, "none comes before an attached subnet",
          router.ask("route", "10.0.2.10")["source"] == "kernel" and "via" not in net.kernel_route("10.0.2.10"))
    check(tap, "a floating route", agrees("198.18.0.1", "10.0.2.20"))
    net.middle("ip", "route", "add", "198.18.0.0/16", "via", "10.0.1.10", "metric", "20")
    until(lambda: agrees("198.18.0.1", "10.0.1.10"), "the kernel's route before the floating one")
    net.middle("ip", "route", "del", "198.18.0.0/16", "via", "10.0.1.10", "metric", "20")
    until(lambda: agrees("198.18.0.1", "10.0.2.20"), "the floating route again")
    for verb in ("prepend", "append", "replace"):
        net.middle("ip", "route", verb, "192.0.2.0/24", "via", "10.0.1.10")
        until(lambda: agrees("192.0.2.1", "10.0.2.10"), f"ours in front after ip route {verb}")
        candidates = {row["via"] for row in router.ask("show", "routes", "192.0.2.0/24")["routes"]}
        check(tap, f"ours stays in front of one that is put there by {verb}",
              candidates == {"10.0.2.10", "10.0.2.11", "10.0.1.10"}, candidates)
        net.middle("ip", "route", "del", "192.0.2.0/24", "via", "10.0.1.10")
        until(lambda: router.ask("route", "192.0.2.1")["candidates"] == 2, "the other one gone")
    net.middle("ip", "route", "del", "192.0.2.0/24", "proto", "70")
    until(lambda: agrees("192.0.2.1", "10.0.2.10"), "ours put back")
    check(tap, "ours is put back when somebody deletes it", True)
    net.middle("ip", "link", "set", "lan1", "down")
    until(lambda: router.ask("route", "192.0.2.1")["prefix"] is None, "no route while the link is down")
    net.middle("ip", "link", "set", "lan1", "up")
    until(lambda: agrees("192.0.2.1", "10.0.2.10"), "the route again when it is up")
    check(tap, "a static route follows its link", True)
    net.middle("ip", "addr", "add", "10.55.0.2/24", "dev", "lan0")
    until(lambda: agrees("203.0.113.1", "10.55.0.1"), "the gateway's subnet")
    check(tap, "a gateway whose subnet appears", True)
    net.middle("ip", "addr", "del", "10.55.0.2/24", "dev", "lan0")
    until(lambda: router.ask("route", "203.0.113.1")["prefix"] is None, "and is gone")
    check(tap, "it stops in order", router.stop() == 0, *router.log)
    tap.case("and leaves nothing", net.left_behind())


# --- the management server --------------------------------------------------------------------------------------------

def management_child_count(router):
    (management,) = roles(router.process.pid, "manage")
    return management, len(children(management))


def descriptors(router):
    """How many are open in those who have to do with sessions."""
    parent = router.process.pid
    return [len(os.listdir(f"/proc/{pid}/fd")) for pid in (parent, *roles(parent, "engine"), *roles(parent, "manage"))]


def many_sessions_at_once(tap, net):
    router = net.router()
    router.ask("route", "10.0.2.10")
    management, _ = management_child_count(router)
    until(lambda: not children(management), "no session")
    before = descriptors(router)
    garbage, deaf = Talk(router.socket), Talk(router.socket)
    garbage.send(os.urandom(40000).replace(b"\n", b"x") + b"\n")
    check(tap, "garbage is answered with 400", garbage.line()["code"] == 400)
    deaf.send('{"command": "routes"}\n' * 3000)  # and takes no answer
    others = [Talk(router.socket) for _ in range(198)]
    wrong = [answer for talk in others for answer in
             (talk.ask("route", address="10.0.2.10"), talk.ask("counters"), talk.ask("sessions"))
             if not answer or answer["code"] != 200]
    check(tap, "200 sessions at once, one deaf, one sending garbage: the others are answered", not wrong, wrong[:3])
    sessions = others[0].ask("sessions")["result"]
    check(tap, "and all are listed", len(sessions["sessions"]) == 200, len(sessions["sessions"]))
    for talk in (garbage, deaf, *others):
        talk.close()
    until(lambda: not children(management), "the end of all sessions")
    zombies = [one for one in map(status_of, filter(str.isdigit, os.listdir("/proc")))
               if one["State"].startswith("Z") and int(one["PPid"]) != os.getpid()]  # ours: what was killed above
    check(tap, "no zombie", not zombies, zombies)
    until(lambda: descriptors(router) == before, f"as many descriptors as before: {before}, now {descriptors(router)}")
    check(tap, "no descriptor is left open", True)
    check(tap, "it stops in order", router.stop() == 0, *router.log)


def requests_that_are_wrong(tap, net):
    router = net.router()
    talk = Talk(router.socket)
    for name, line, code in (
            ("no JSON", "{\n", 400), ("no object", "[]\n", 400), ("no command", "{}\n", 400),
            ("a command that is no string", '{"command": 3}\n', 400), ("an unknown command", '{"command": "x"}\n', 404),
            ("an unknown key", '{"command": "version", "x": 1}\n', 400),
            ("an unknown argument", '{"command": "version", "arguments": {"x": 1}}\n', 400),
            ("arguments that are no object", '{"command": "version", "arguments": []}\n', 400),
            ("an id that is neither", '{"command": "version", "id": {}}\n', 400),
            ("a key twice", '{"command": "version", "command": "version"}\n', 400),
            ("no address", '{"command": "route"}\n', 400),
            ("a wrong address", '{"command": "route", "arguments": {"address": "010.0.0.1"}}\n', 400),
            ("a wrong prefix", '{"command": "routes", "arguments": {"within": "10.0.0.1/8"}}\n', 400),
            ("deeply nested", "[" * 30000 + "\n", 400)):
        answer = talk.raw(line)
        check(tap, f"{name}: {code}", answer["code"] == code and answer["error"], answer)
    answer = talk.raw('{"id": "mine", "command": "version"}\n')
    check(tap, "and a right one still 200, with its id", answer["code"] == 200 and answer["id"] == "mine", answer)
    talk.send("x" * 70000)
    check(tap, "too long: 413, and the end", talk.line()["code"] == 413 and talk.line() is None)
    talk.close()
    half = Talk(router.socket)
    half.send('{"command": "ver')
    half.close()  # in the middle of a request
    check(tap, "and others are answered", Talk(router.socket).ask("version")["code"] == 200)
    router.stop()


AS_NOBODY = """
import os, sys
sys.path.insert(0, sys.argv[1])
from talk import Talk
os.setgroups([int(sys.argv[3])] if sys.argv[3] else [])
os.setgid(65534); os.setuid(65534)
talk = Talk(sys.argv[2])
print(talk.ask("version")["code"], talk.ask("reload")["code"])
"""


def who_may_change_things(tap, net):
    group = next(line.split(":") for line in open("/etc/group", encoding="utf-8") if line.startswith("adm:"))
    router = net.router(BASE + 'management { group = "adm" sessions = 8 }\n')

    def as_nobody(groups):
        return subprocess.run([sys.executable, "-c", AS_NOBODY, os.path.join(source, "tests/netns"), router.socket, groups],
                              capture_output=True, text=True, check=False, timeout=60)
    result = as_nobody("")
    check(tap, "nobody may look, and not change", result.stdout.split() == ["200", "403"], result)
    result = as_nobody(group[2])
    check(tap, "a member of the group may", result.stdout.split() == ["200", "200"], result)
    engine = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    engine.connect(f"{router.directory}/engine.sock")
    engine.settimeout(WAIT)
    engine.send(b"\0" * 44)
    check(tap, "the engine answers only those who know the token", engine.recv(1000) == b"")
    engine.close()
    management, _ = management_child_count(router)
    until(lambda: not children(management), "no session")
    talks = []
    for _ in range(20):
        try:
            talks.append(Talk(router.socket))
        except OSError:
            pass
    codes = []
    for talk in talks:
        try:
            codes.append(talk.ask("version")["code"])
        except OSError:  # refused before it could ask: the answer may be lost then
            codes.append(429)
    check(tap, "not more sessions than the configuration says",
          7 <= codes.count(200) <= 8 and set(codes) == {200, 429}, codes)
    for talk in talks:
        talk.close()
    until(lambda: not children(management), "the end of all sessions")
    sessions = Talk(router.socket).ask("sessions")["result"]
    check(tap, "the others are counted", sessions["refused"] == codes.count(429) and sessions["max"] == 8, sessions)
    router.stop()


def main():
    tap = Tap()
    skip_unless_possible(tap)
    enter()
    net = Net()
    start_unless_forbidden(tap, net.router).stop()
    for part in (it_is_a_proper_daemon, what_cannot_start_says_so, it_tells_the_service_manager,
                 roles_keep_what_they_need, roles_that_are_killed_come_back, a_reload_touches_what_is_different,
                 static_routes_and_the_kernels, many_sessions_at_once, requests_that_are_wrong, who_may_change_things):
        part(tap, net)
    tap.end()


main()
