#!/usr/bin/env python3
"""The audit: audit.py SOURCE_ROOT BUILD_ROOT [CHANGES]

It finds what is made wrong behind the router's back, and nothing while routes are added and deleted at random (so many
of them) as fast as the kernel takes them.
"""
import os
import subprocess
import sys
import threading

source, build = sys.argv[1:3]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab  # noqa: E402
from mirror import Mirror, batch  # noqa: E402
from observe import check, until  # noqa: E402
from random_routes import OBJECTS, Routes  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from talk import Talk  # noqa: E402

SEED = 20261127
CHANGES = int(sys.argv[3]) if len(sys.argv) > 3 else 40000
AT_ONCE = 5000
PORTS = 'interface "lan0" { }\ninterface "lan1" { }\nroute "192.0.2.0/24" { via = "10.0.2.10" }\n'


def it_finds_what_is_wrong(tap, lab, routes):
    mirror = Mirror(lab, build)
    audit = lambda: mirror.ask("audit").split()  # noqa: E731
    check(tap, "nothing is wrong at first", audit()[1] == "0")
    for what in ("less", "more", "other", "fib-less", "fib-more", "word", "memory"):
        said = mirror.ask(f"spoil {what}")
        found, again = audit(), audit()
        # Lost memory shows at every prefix whose edge is in it.
        right = int(found[1]) >= 1 if what == "memory" else found[1] == "1"
        check(tap, f"it finds what was made wrong: {what}", said == "spoilt" and right, said, found)
        if what != "memory":
            check(tap, f"and has put it right: {what}", again[1] == "0", again)
        else:
            mirror.end()
            mirror = Mirror(lab, build)
    answer = mirror.ask(f"check {SEED} 1000")
    check(tap, "all is as the kernel has it", answer.startswith("ok "), answer)
    check(tap, "it ends cleanly", mirror.end() == 0)


def a_request_outlives_a_resync(tap, lab, router):
    """One that is asked for while another is under way, which begins anew because everything was told anew."""
    talk = Talk(router.socket)
    begin = lambda: talk.ask("audit-begin")["result"]["audits"]  # noqa: E731
    lab.ip("middle", "addr", "add", "10.99.0.1/24", "dev", "lan0")
    first = begin()
    until(lambda: begin() > first, "one is under way, another is to follow")
    wanted = begin()
    lab.ip("middle", "addr", "del", "10.99.0.1/24", "dev", "lan0")
    until(lambda: talk.ask("audit")["result"]["audits"] >= wanted, "both are complete")
    check(tap, "an audit that was asked for follows one that had to begin anew", True)
    talk.close()


def nothing_drifts(tap, lab, routes):
    """Audits, one after the other, while routes change."""
    router = start_unless_forbidden(tap, lambda: Router(lab, "middle", build, PORTS))
    mirror = Mirror(lab, build)
    failed = []

    def change():
        done = 0
        try:
            while done < CHANGES:
                lines = routes.add(AT_ONCE) + routes.delete(AT_ONCE // 2 if len(routes.there) < 40000 else AT_ONCE)
                batch(lines)
                done += len(lines)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            failed.append(str(error))
    changer = threading.Thread(target=change)
    changer.start()
    audits, wrong, changed = 0, [], 0
    while changer.is_alive() or not audits:
        for answer in (mirror.ask("audit"), router.fairlead("audit", check=False).stdout):
            audits += 1
            if not answer.startswith("drift 0 ") and "agree" not in answer:
                wrong.append(answer)
            changed += "left out" in answer or not answer.rstrip().endswith("changed 0") and answer.startswith("drift")
    changer.join()
    check(tap, f"{CHANGES} routes were added and deleted", not failed, *failed)
    check(tap, f"{audits} audits meanwhile found nothing ({changed} had something to leave out)", not wrong, *wrong)
    version = router.ask("show", "version")
    check(tap, "the daemon's drift counter is 0", version["audits"] > 0 and version["audit_drift"] == 0, version)
    answer = mirror.ask(f"check {SEED} 10000")
    check(tap, f"the mirror answers as the kernel does ({answer})", answer.startswith("ok "), answer)
    a_request_outlives_a_resync(tap, lab, router)
    result = router.fairlead("audit")
    check(tap, "a last one says so to people", "the kernel, the RIB, the FIB and the door agree" in result.stdout, result)
    router.log = []
    check(tap, "it stops in order, and the log has no difference",
          router.stop() == 0 and not any("audit" in line for line in router.log), *router.log)
    check(tap, "the mirror ends cleanly", mirror.end() == 0)


def main(tap):
    print(f"# seed {SEED}")
    lab, routes = Lab(os.path.join(source, "lab/two-hosts.lab")), Routes(SEED)
    batch(OBJECTS)
    batch(routes.add(AT_ONCE))
    it_finds_what_is_wrong(tap, lab, routes)
    nothing_drifts(tap, lab, routes)


run_in_lab(main)
