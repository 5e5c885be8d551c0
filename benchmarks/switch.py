#!/usr/bin/env python3
"""Head-of-line blocking, its law and its cure: switch.py SOURCE_ROOT BUILD_ROOT [--json] [--slots N] [--seed N] [--plot FILE.svg]

benchmarks/README.md says what is measured.
"""
import concurrent.futures
import json
import math
import os
import subprocess
import sys

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "benchmarks", folder) for folder in ("common", "switch")]

from command import number, say  # noqa: E402
from plot import Plot  # noqa: E402

SLOTS, SEED = number(words, "--slots", 1000000), number(words, "--seed", 1)
# Exact saturation throughput of FIFO inputs, from Markov chains (Karol, Hluchyj and Morgan 1987).
FIFO = {2: .75, 3: .68254, 4: .65524, 5: .63992, 6: .63015, 7: .62337, 8: .61839, 12: .6071, 16: .6016}
LIMIT = 2 - math.sqrt(2)
# 16 inputs, uniform traffic: mean wait in slots by load and iterations (as in McKeown 1999, figure 12).
ISLIP = {.5: {1: 1.30, 2: .72, 4: .72}, .8: {1: 44.5, 2: 4.61, 4: 3.76}, .9: {1: 116, 2: 24.4, 4: 9.81},
         .95: {1: 265, 2: 54.3, 4: 24.6}}
LOADS = [.1, .2, .3, .4, .5, .55, .58, .59, .6, .65, .7, .75, .8, .85, .9, .925, .95, .97, .98, .99]
KINDS = ["fifo", "islip-1", "islip-2", "islip-4", "output"]


def run(kind, ports, load, slots=SLOTS):
    return json.loads(subprocess.run([os.path.join(build, "benchmarks/switch"), kind, str(ports), str(load), str(slots), str(SEED)],
                                     capture_output=True, text=True, check=True).stdout)


def output_wait(ports, load):
    """Karol, Hluchyj and Morgan, equation 5."""
    return (ports - 1) / ports * load / (2 * (1 - load))


def measure(pool):
    fifo = {ports: pool.submit(run, "fifo", ports, 1) for ports in FIFO}
    full = {kind: pool.submit(run, kind, 16, 1) for kind in KINDS if kind != "fifo"}
    curves = {kind: {load: pool.submit(run, kind, 16, load) for load in LOADS if kind != "fifo" or load < .6} for kind in KINDS}
    answer = {"slots": SLOTS, "seed": SEED, "saturation_fifo": {}, "throughput_at_load_1": {}, "wait_slots": {}, "curves": {}}
    for ports, exact in FIFO.items():
        got = fifo[ports].result()["throughput"]
        answer["saturation_fifo"][ports] = {"throughput": got, "exact": exact, "error": got / exact - 1}
    for kind, one in full.items():
        answer["throughput_at_load_1"][kind] = one.result()["throughput"]
    answer["curves"] = {kind: {load: one.result()["wait_slots"] for load, one in points.items()} for kind, points in curves.items()}
    for load, waits in ISLIP.items():
        row = {f"islip-{iterations}": {"wait": answer["curves"][f"islip-{iterations}"][load], "expected": expected}
               for iterations, expected in waits.items()}
        row["output"] = {"wait": answer["curves"]["output"][load], "expected": round(output_wait(16, load), 3)}
        for one in row.values():
            one["error"] = one["wait"] / one["expected"] - 1
        answer["wait_slots"][load] = row
    answer["worst_saturation_error"] = max(abs(one["error"]) for one in answer["saturation_fifo"].values())
    answer["worst_wait_error"] = max(abs(one["error"]) for row in answer["wait_slots"].values() for one in row.values())
    answer["least_islip_throughput"] = min(one for kind, one in answer["throughput_at_load_1"].items() if kind != "output")
    return answer


def draw(answer, path):
    plot = Plot("A 16 x 16 switch, uniform traffic", "load of each input", "mean wait, slots", (0, 1), (0.1, 1000))
    names = {"fifo": "FIFO inputs", "islip-1": "virtual output queues, iSLIP, 1 iteration", "islip-2": "2 iterations",
             "islip-4": "4 iterations", "output": "output queues"}
    for kind, points in answer["curves"].items():
        plot.line(names[kind], [(load, wait) for load, wait in points.items()])
    plot.mark(LIMIT, "2 - √2")
    plot.write(path)


def main():
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answer = measure(pool)
    if "--plot" in words:
        draw(answer, words[words.index("--plot") + 1])
        say(f"plotted into {words[words.index('--plot') + 1]}")
    if "--json" in words:
        print(json.dumps(answer, indent=2))
        return
    print(f"FIFO inputs, saturated ({SLOTS} slots, seed {SEED}): throughput")
    for ports, one in answer["saturation_fifo"].items():
        print(f"  {ports:2} x {ports:<2}  {one['throughput']:.4f}  exact {one['exact']:.4f}  {one['error']:+.2%}")
    print("16 x 16, mean wait in slots:")
    print("  load  " + "".join(f"{kind:>24}" for kind in KINDS[1:]))
    for load, row in answer["wait_slots"].items():
        print(f"  {load:<5} " + "".join(f"{row[kind]['wait']:10.2f} (of {row[kind]['expected']:7.2f})" .rjust(24) for kind in KINDS[1:]))
    print("throughput at load 1: " + ", ".join(f"{kind} {one:.4f}" for kind, one in answer["throughput_at_load_1"].items()))


main()
