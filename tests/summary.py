#!/usr/bin/env python3
"""Count single test cases from meson's logs and say so: summary.py LOG_DIRECTORY

Meson's JUnit report knows the cases inside a program, but leaves a program that timed out away altogether; its JSON
log knows every program, but no cases. So: the cases where the report has them and they explain the program's result,
otherwise the program itself as one case. A run that ended before its report was written is a failure of its own. Exits
1 if anything failed or nothing ran.
"""
import json
import os
import sys
import xml.etree.ElementTree as xml

FAILED = {"FAIL", "TIMEOUT", "ERROR", "INTERRUPT", "UNEXPECTEDPASS"}


def cases_by_program(path):
    """program name -> [(case name, "passed" | "failed" | "skipped", why)]"""
    programs = {}
    if not os.path.exists(path):
        return programs
    for suite in xml.parse(path).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                state = "failed"
            elif case.find("skipped") is not None:
                state = "skipped"
            else:
                state = "passed"
            why = case.findtext("system-out") or ""
            programs.setdefault(suite.get("name").split(".", 1)[-1], []).append((case.get("name"), state, why))
    return programs


def diagnostics(output):
    """What a TAP program said under its failed cases."""
    said, failed = [], False
    for line in output.splitlines():
        if line.startswith(("ok ", "not ok ")):
            failed = line.startswith("not ok ")
        if failed:
            said.append("    " + line)
    return said


def main():
    logs = sys.argv[1]
    cases = cases_by_program(os.path.join(logs, "testlog.junit.xml"))
    count = {"passed": 0, "failed": 0, "skipped": 0}
    notes = []
    if not cases:
        count["failed"] += 1
        notes.append("failed: the test run ended before its report was written")
    with open(os.path.join(logs, "testlog.json"), "a+", encoding="utf-8") as lines:
        lines.seek(0)
        for line in lines:
            entry = json.loads(line)
            name = entry["name"].split(" / ")[-1]
            inside = cases.get(entry["name"], [])
            for case, state, why in inside if len(inside) > 1 else []:
                count[state] += 1
                if state != "passed":
                    notes.append(f"{state}: {name}: {case}: {why}".rstrip(": "))
            if entry["result"] in FAILED:
                notes += diagnostics(entry.get("stdout", ""))
            explained = len(inside) > 1 and (entry["result"] not in FAILED or any(s == "failed" for _, s, _ in inside))
            if not explained:
                state = "failed" if entry["result"] in FAILED else "skipped" if entry["result"] == "SKIP" else "passed"
                count[state] += 1
                if state != "passed":
                    why = entry.get("stdout", "").partition("# SKIP")[2].strip() if state == "skipped" else entry["result"]
                    notes.append(f"{state}: {name}: {why}".rstrip(": "))
    print("\n".join(notes + [""]) if notes else "", end="")
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
    sys.exit(1 if count["failed"] or not count["passed"] else 0)


main()
