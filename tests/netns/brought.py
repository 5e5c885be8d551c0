#!/usr/bin/env python3
"""The address plan from file to file, with a daemon: brought.py SOURCE_ROOT BUILD_ROOT"""
import json
import os
import signal
import sys
from xml.etree import ElementTree

source, build = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "tests"), os.path.join(source, "tests/netns"), os.path.join(source, "lab")]

from lab import Lab  # noqa: E402
from observe import check, roles, until  # noqa: E402
from ready import run_in_lab, start_unless_forbidden  # noqa: E402
from router import Router  # noqa: E402
from talk import Talk  # noqa: E402

CONFIGURATION = 'interface "lan0" { address = "10.0.1.1/24" }\n'
NETBOX = {
    "prefixes.csv": "prefix,status,vrf,tenant,description\n10.8.0.0/16,container,,acme,the site\n10.8.1.0/24,active,,acme,\n"
                    "10.8.2.0/24,active,,,\n10.8.2.0/25,active,,,\n2001:db8::/32,container,,,\n",
    "ranges.csv": "start_address,end_address,status,description\n10.8.1.100/24,10.8.1.199/24,active,for guests\n",
    "addresses.csv": "address,status,dns_name\n10.8.1.1/24,active,gw.example.net\n10.8.1.2/24,reserved,\n",
}
ISC = """subnet 10.9.1.0 netmask 255.255.255.0 {
    range 10.9.1.100 10.9.1.199;
    option routers 10.9.1.1;
}
host printer { fixed-address 10.9.1.20; }
"""


def ask(router, command, **arguments):
    talk = Talk(router.socket)
    try:
        return talk.ask(command, **arguments)
    finally:
        talk.socket.close()


def write(name, text):
    path = f"/run/{name}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def whole(router):
    """All nodes, without what follows from them."""
    return json.loads(router.fairlead("plan", "export", "json").stdout)["nodes"]


def kinds(router):
    return {node["range"]: node["kind"] for node in whole(router)}


def comes_from_netbox(tap, router):
    files = [write(name, text) for name, text in NETBOX.items()]
    said = router.fairlead("plan", "import", *files, "check")
    check(tap, "it is said what would be imported", said.stdout == "would be imported: 7 nodes new, 0 changed, 0 as they are\n", said.stdout)
    check(tap, "and what has no place in a plan", said.stderr == "1 addresses of IPv6 are left out: a plan has none\n", said.stderr)
    check(tap, "and nothing is done", not whole(router), whole(router))
    said = router.fairlead("plan", "import", *files)
    check(tap, "NetBox's tables are imported in one operation", said.stdout == "7 nodes new, 0 changed, 0 as they are (operation 1)\n", said.stdout)
    has = kinds(router)
    check(tap, "with kinds as they look", has == {"10.8.0.0/16": "block", "10.8.1.0/24": "subnet", "10.8.1.1": "host", "10.8.1.2": "host",
                                                  "10.8.1.100-10.8.1.199": "pool", "10.8.2.0/24": "block", "10.8.2.0/25": "subnet"}, has)
    gate = [node for node in whole(router) if node["range"] == "10.8.1.1"][0]
    check(tap, "and names", (gate["name"], gate["status"]) == ("gw.example.net", "assigned"), gate)
    said = router.fairlead("plan", "import", *files)
    check(tap, "once more changes nothing", said.stdout == "0 nodes new, 0 changed, 7 as they are\n", said.stdout)
    undone = router.ask("plan", "undo")
    check(tap, "it is undone as a whole", undone["steps"] == 7 and not whole(router), undone)
    router.fairlead("plan", "undo", "2")


def wrong_files(tap, router):
    before = whole(router)
    path = write("wrong.csv", "range,kind,name\n10.8.3.0/24,,lan3\n10.8.1.128/25,,\n10.8.3.0,host,\n10.8.4.300,,\n10.8.5.0/24,,gw.example.net\n")
    refused = router.fairlead("plan", "import", path, check=False)
    check(tap, "all that is wrong is said with its line", refused.returncode == 1 and refused.stderr.splitlines() == [
        f"{path}:5: range: '10.8.4.300': expected an address, a prefix without host bits, or a range FIRST-LAST",
        f"{path}:3: 10.8.1.128/25: cannot be in subnet 10.8.1.0/24",
        f"{path}:4: 10.8.3.0: has the network or broadcast address of subnet 10.8.3.0/24 (lan3)",
        f"{path}:6: 10.8.5.0/24: its name is that of host 10.8.1.1 (gw.example.net)",
        "fairlead: plan: nothing is imported: 4 faults (`skip` leaves them out)"], refused.stderr)
    check(tap, "and nothing is imported", whole(router) == before)
    said = router.fairlead("plan", "import", path, "skip")
    check(tap, "or all but that", said.stdout.startswith("1 nodes new, 0 changed, 0 as they are"), said.stdout)
    refused = json.loads(router.fairlead("plan", "import", path, "-j", check=False).stdout)
    check(tap, "for scripts too", refused["faults"] == 4 and refused["same"] == 1 and refused["operation"] is None and
          refused["remarks"][1] == {"fault": True, "place": f"{path}:3: ", "text": "10.8.1.128/25: cannot be in subnet 10.8.1.0/24"}, refused)
    for words, expected in ((("/run/none",), "/run/none: No such file or directory"), ((write("empty", ""),), "/run/empty:1: the file is empty")):
        refused = router.fairlead("plan", "import", *words, check=False)
        check(tap, f"{words[0]}: {expected}", refused.returncode == 1 and refused.stderr == f"fairlead: plan: {expected}\n", refused.stderr)
    refused = router.fairlead("plan", "export", "xml", check=False)
    check(tap, "formats are named", "expected json, csv, netbox-prefixes" in refused.stderr, refused.stderr)


def delegations(tap, router):
    router.fairlead("plan", "import", write("more.json", json.dumps([
        {"range": "10.8.16.0/20", "kind": "block", "name": "bobs", "owner": "bob", "delegated": True},
        {"range": "10.8.17.0/24", "name": "bobs/lan"}, {"range": "10.8.32.0/20", "kind": "block", "status": "reserved"}])))
    path = write("inside.json", '[{"range": "10.8.18.0/24"}, {"range": "10.8.33.0/24"}]')
    refused = router.fairlead("plan", "import", path, check=False)
    check(tap, "nothing is imported where another acts, or what is kept", refused.stderr.splitlines() == [
        f"{path}: nodes[0]: 10.8.18.0/24: lies in block 10.8.16.0/20 (bobs), which is delegated: its owner alone acts there",
        f"{path}: nodes[1]: 10.8.33.0/24: lies in block 10.8.32.0/20, which is reserved or quarantined",
        "fairlead: plan: nothing is imported: 2 faults (`skip` leaves them out)"], refused.stderr)
    said = router.fairlead("plan", "import", path, "skip", "as", "bob")
    check(tap, "its owner imports there", said.stdout.startswith("1 nodes new"), said.stdout, said.stderr)


def comes_from_others(tap, lab, router):
    said = router.fairlead("plan", "import", write("dhcpd.conf", ISC))
    check(tap, "dhcpd.conf is imported", said.stdout.startswith("4 nodes new"), said.stdout, said.stderr)
    routes = write("routes.json", lab.on("middle", "ip", "-j", "route").stdout)
    said = router.fairlead("plan", "import", routes)
    has = kinds(router)
    check(tap, "and the kernel's routes", (has.get("10.0.1.0/24"), has.get("10.0.1.1")) == ("subnet", "host"), has, said.stderr)
    kea = write("kea.json", router.fairlead("plan", "export", "kea").stdout)
    said = router.fairlead("plan", "import", kea)
    check(tap, "what is exported for Kea is there", said.stdout.startswith("0 nodes new, 0 changed"), said.stdout, said.stderr)


def is_the_same_elsewhere(tap, router):
    """Exported, imported into a plan that is empty, and exported again."""
    router.fairlead("plan", "free", "10.8.2.0/25", "cool-off", "1d")
    before = whole(router)
    files = {name: write(name, router.fairlead("plan", "export", name).stdout)
             for name in ("json", "csv", "netbox-prefixes", "netbox-ranges", "netbox-addresses")}
    check(tap, "a part is exported", [node["range"] for node in json.loads(router.fairlead("plan", "export", "json", "10.9.1.0/24").stdout)[
        "nodes"]] == ["10.9.1.0/24", "10.9.1.1", "10.9.1.20", "10.9.1.100-10.9.1.199"])
    picture = ElementTree.fromstring(router.fairlead("plan", "map").stdout)
    titles = [title.text for title in picture.iter("{http://www.w3.org/2000/svg}title")]
    check(tap, "there is a map of it", "10.8.0.0/16 block, allocated, acme, the site, 13.7 % used" in titles, titles)
    part = ElementTree.fromstring(router.fairlead("plan", "map", "10.9.1.0/24", "by", "utilisation").stdout)
    titles = [title.text for title in part.iter("{http://www.w3.org/2000/svg}title")]
    check(tap, "and of a part", titles[0] == "10.9.1.0/24 subnet, assigned, 40.6 % used" and not [t for t in titles if t.startswith("10.8.")], titles)
    check(tap, "the router stops", router.stop() == 0, *router.log)
    for names in (["json"], ["csv"], ["netbox-ranges", "netbox-addresses", "netbox-prefixes"]):
        for name in os.listdir(router.state):
            if name.startswith("plan.db"):
                os.unlink(f"{router.state}/{name}")
        router.start()
        until(lambda: roles(router.process.pid, "plan"), "the planner is there")
        check(tap, "the plan is empty", not whole(router))
        router.fairlead("plan", "import", *[files[name] for name in names])
        check(tap, f"out and in again by {names[0]}, it is equal", whole(router) == before, whole(router), before)
        if names != ["json"]:
            check(tap, "the router stops", router.stop() == 0, *router.log)
        else:
            survives(tap, router)
            check(tap, "the router stops", router.stop() == 0, *router.log)
    router.start()


def survives(tap, router):
    """Nodes that came in pieces are gone with the planner; nothing of them is in the plan."""
    before = whole(router)
    nodes = [{"range": "10.10.0.0/16", "kind": "block"}]
    check(tap, "nodes come in pieces", ask(router, "plan-stage", key="k", at=0, nodes=nodes)["result"] == {"staged": 1})
    wrong = ask(router, "plan-stage", key="k", at=5, nodes=nodes)
    check(tap, "one after the other", (wrong["code"], wrong["error"]) == (422, "at: so many have not come under this key, or not any more"), wrong)
    wrong = ask(router, "plan-stage", key="k", nodes=[{"range": "x"}])
    check(tap, "what is wrong is named", wrong["code"] == 400 and wrong["error"].startswith("nodes[0]: range: 'x': expected"), wrong)
    ask(router, "plan-stage", key="k", at=0, nodes=nodes)
    pid = roles(router.process.pid, "plan")[0]
    os.kill(pid, signal.SIGKILL)
    until(lambda: roles(router.process.pid, "plan") not in ([], [pid]), "the planner is there again")
    until(lambda: ask(router, "plan", bare=True)["code"] in (200, 206), "it answers")
    done = ask(router, "plan-do", operations=[{"do": "import", "key": "k"}])["result"]["done"][0]
    check(tap, "what has not come is not imported", done == {"code": 422, "error": "what is to be imported has not come, or is not there any more"}, done)
    check(tap, "and the plan is as it was", whole(router) == before)


def all_cases(tap):
    lab = Lab(os.path.join(source, "lab/two-hosts.lab"))
    router = start_unless_forbidden(tap, lambda: Router(lab, "middle", build, CONFIGURATION))
    until(lambda: roles(router.process.pid, "plan"), "the planner is there")
    comes_from_netbox(tap, router)
    wrong_files(tap, router)
    delegations(tap, router)
    comes_from_others(tap, lab, router)
    is_the_same_elsewhere(tap, router)
    check(tap, "the router stops with status 0", router.stop() == 0, *router.log)


run_in_lab(all_cases)
