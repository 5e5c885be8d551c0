#!/usr/bin/env python3
"""What shaped ports cost each other, and what a killed engine costs them: isolation.py SOURCE_ROOT BUILD_ROOT [--json]
       [--seconds N] [--rounds N] [--rate N] [--kills N]

benchmarks/README.md says what is measured.
"""
import json
import os
import signal
import statistics
import sys
import time

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, folder) for folder in ("benchmarks/common", "lab")]

from command import number, say  # noqa: E402
from lab import enter  # noqa: E402
from pairs import Pairs  # noqa: E402

SECONDS, ROUNDS, KILLS = number(words, "--seconds", 10), number(words, "--rounds", 5), number(words, "--kills", 5)
RATE = number(words, "--rate", 100)  # Mbit/s of the shaped port
FRAME, AROUND = 1000, 24             # bytes, and those around a frame on Ethernet
LINE_PPS = int(RATE * 1e6 / 8 / (FRAME + AROUND))
OFFERED_PPS = LINE_PPS * 3 // 2      # to each port
SHAPED, FREE, STALLED = "1", "2", "3"  # which sender and receiver
CONFIGURATION = "".join(f'interface "in{i}" {{ door = "tc" }}\n' for i in (1, 2, 3)) + f"""
interface "out1" {{ door = "tc"  rate = "{RATE}Mbit" }}
interface "out2" {{ door = "tc" }}
interface "out3" {{ door = "tc"  rate = "8kbit"  queue "drop-tail" {{ limit = "1000p" }} }}
"""
SAMPLE = 0.005  # seconds
LIFT = 0.1      # seconds over which a rate is looked at


def throughput(net, to):
    """Packets a second out of the ports, while traffic comes for those of `to`."""
    senders = [net.send(which, SECONDS + 2, OFFERED_PPS, FRAME) for which in to]
    time.sleep(1)
    before, begin = net.sent(), time.monotonic()
    time.sleep(SECONDS)
    after, end = net.sent(), time.monotonic()
    offered = [json.loads(sender.communicate(timeout=60)[0]) for sender in senders]
    return {"pps": {i: (after[i] - before[i]) / (end - begin) for i in "123"},
            "offered_pps": [round(one["sent"] / one["seconds"]) for one in offered]}


def stall(net):
    """Rounds without and with traffic for the stalled port."""
    rounds = []
    for i in range(ROUNDS):
        both = [throughput(net, to) for to in ((SHAPED, FREE), (SHAPED, FREE, STALLED))]
        changes = {name: both[1]["pps"][which] / both[0]["pps"][which] - 1 for name, which in (("shaped", SHAPED), ("free", FREE))}
        rounds.append({"quiet": both[0], "stalled": both[1], **changes})
        say(f"  round {i + 1}: shaped port {changes['shaped']:+.3%}, unshaped {changes['free']:+.3%}")
    queues = net.queues()
    return {"change_shaped": statistics.median(one["shaped"] for one in rounds),
            "change_free": statistics.median(one["free"] for one in rounds),
            "lost_frames": sum(one["frames"]["lost"] for one in queues.values()),
            "stalled_waiting": queues["out3"]["waiting"]["packets"], "stalled_dropped": sum(queues["out3"]["dropped"].values()),
            "rounds": rounds}


def follow(net, until):
    """(time, packets out so far, the daemon's processes), again and again."""
    samples = []
    while time.monotonic() < until:
        samples.append((time.monotonic(), net.sent(), net.roles()))
        time.sleep(SAMPLE)
    return samples


def rates(samples, which):
    """(end of a span of LIFT seconds, packets a second in it)."""
    spans, first = [], 0
    for now, sent, _ in samples:
        while samples[first][0] < now - LIFT:
            first += 1
        begin, before, _ = samples[max(0, first - 1)]
        if now > begin:
            spans.append((now, (sent[which] - before[which]) / (now - begin)))
    return spans


def longest_gap(samples, which):
    """Seconds in which nothing came out."""
    last, longest = samples[0], 0.0
    for sample in samples[1:]:
        if sample[1][which] > last[1][which]:
            longest, last = max(longest, sample[0] - last[0]), sample
    return longest


def kill(net):
    """One killed engine, under traffic for the shaped and the unshaped port."""
    senders = [net.send(which, 8, OFFERED_PPS, FRAME) for which in (SHAPED, FREE)]
    begin = time.monotonic()
    samples = follow(net, begin + 1)
    engine = net.engine()
    killed = time.monotonic()
    os.kill(engine, signal.SIGKILL)
    samples = [sample for sample in samples if sample[0] > begin + 0.5] + follow(net, begin + 7)
    before = samples[0][2]
    restarted = next(now for now, _, roles in samples if now > killed and roles - before)
    shaped = rates(samples, SHAPED)
    unshaped = next(now for now, pps in shaped if now > killed and pps > LINE_PPS * 1.25)
    again = max(now for now, pps in shaped if pps > LINE_PPS * 1.1)
    first = next(sample for sample in samples if sample[0] > killed)
    passed = next(now for now, sent, _ in samples if now > killed and sent[SHAPED] > first[1][SHAPED] + 200)
    offered = [json.loads(sender.communicate(timeout=60)[0])["sent"] for sender in senders]
    return {"passes_after_s": round(passed - killed, 3), "unshaped_after_s": round(unshaped - killed, 3),
            "restarted_after_s": round(restarted - killed, 3), "shaped_again_after_s": round(again - LIFT - restarted, 3),
            "gap_shaped_s": round(longest_gap(samples, SHAPED), 3), "gap_free_s": round(longest_gap(samples, FREE), 3),
            "free_offered": offered[1]}


def kills(net):
    rounds = []
    for i in range(KILLS):
        before = net.sent()[FREE]
        one = kill(net)
        one["free_lost"] = one.pop("free_offered") - (net.sent()[FREE] - before)
        rounds.append(one)
        say(f"  kill {i + 1}: {one}")
    worst = {key: max(one[key] for one in rounds) for key in rounds[0]}
    queues = net.queues()
    return {"worst": worst, "lost_frames": sum(one["frames"]["lost"] for one in queues.values()), "rounds": rounds}


def main():
    enter()
    net = Pairs(source, build, CONFIGURATION)
    answer = {"rate_mbit": RATE, "offered_pps": OFFERED_PPS, "seconds": SECONDS, "stall": stall(net), "kill": kills(net)}
    net.router.stop()
    if "--json" in words:
        print(json.dumps(answer, indent=2))
        return
    one, worst = answer["stall"], answer["kill"]["worst"]
    print(f"one port stalled, {OFFERED_PPS} packets a second for each; other ports' throughput, median of {ROUNDS} rounds:")
    print(f"  shaped   {one['change_shaped']:+.3%}")
    print(f"  unshaped {one['change_free']:+.3%}")
    print(f"  frames lost {one['lost_frames']}; at the stalled port {one['stalled_waiting']} packets wait, {one['stalled_dropped']} were dropped")
    print(f"engine killed under that load, the worst of {KILLS}:")
    print(f"  the shaped port passes after {worst['passes_after_s']:.3f} s, the engine is there again after {worst['restarted_after_s']:.3f} s,")
    print(f"  and shapes {worst['shaped_again_after_s']:.3f} s later; the unshaped port lost {worst['free_lost']} packets, longest gap {worst['gap_free_s']:.3f} s")


main()
