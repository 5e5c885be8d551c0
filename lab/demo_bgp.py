"""Fairlead beside FRR (bgp.lab): a provider announces routes by BGP, FRR puts them into the kernel, and Fairlead's doors
forward by them, also while FRR is restarted."""
from routing import Bird, Frr, dotted, prefixes

ROUTES = 1000
CONFIGURATION = 'interface "lan0" {{ door = "{door}" }}  interface "wan0" {{ door = "{door}" }}'


def run(demo, stay):
    announced = prefixes(ROUTES, 1)
    far = [dotted(addr + 1) for addr, _ in announced[::ROUTES // 10]]
    for address in far:  # the provider answers for them
        demo.lab.ip("provider", "addr", "add", f"{address}/32", "dev", "lo")
    (router,) = demo.start({"edge": CONFIGURATION.format(door=demo.door)})
    bird = Bird(demo.lab, "provider", "10.0.2.2", "10.0.2.1", announced)
    frr = Frr(demo.lab, "edge", "10.0.2.1", "10.0.2.2", "10.0.1.0/24")

    def known():
        return sum(route["protocol"] == "bgp" for route in router.ask("show", "routes")["routes"])
    demo.until(lambda: known() == ROUTES, f"{ROUTES} routes are learned")
    demo.say(True, f"{known()} routes are learned by BGP")
    demo.ping("left", far[0])
    before = demo.cut(router)
    for address in far[1:4]:
        demo.ping("left", address)
    cut = demo.cut(router, before)
    demo.say(all(count >= 15 for count in cut.values()), f"its doors cut through "
             f"{', '.join(f'{count} from {port}' for port, count in cut.items())}", str(router.counters()))
    demo.show(router, "route", far[5])
    frr.kill()
    demo.ping("left", far[5])
    demo.say(known() == ROUTES, "FRR is killed: the routes stay, and Fairlead forwards")
    frr.start()
    demo.until(lambda: frr.learned() == ROUTES, "FRR has learned all of it again")
    bird.announce(announced[:ROUTES // 2])
    demo.until(lambda: known() == ROUTES // 2, "half of the routes are withdrawn")
    demo.say(not router.ask("route", far[9])["cut_through"], f"half of them are withdrawn, and {far[9]} has no way any more")
    demo.end([router], stay, "left", far[0])
    frr.stop()
    bird.stop()
