#!/usr/bin/env python3
"""How long a queue has to be, and what queues make of senders, in virtual time: buffers.py SOURCE_ROOT BUILD_ROOT [--json] [--seconds N] [--before N]
       [--seeds N]

benchmarks/README.md says what is measured.
"""
import concurrent.futures
import json
import math
import os
import subprocess
import sys
import tempfile

source, build, *words = sys.argv[1:]
sys.path[:0] = [os.path.join(source, "benchmarks/common")]

from command import number, say  # noqa: E402

SECONDS, BEFORE, SEEDS = number(words, "--seconds", 60), number(words, "--before", 60), number(words, "--seeds", 3)
AUTO = 'queue "drop-tail" { limit = "auto" }'
# Flows, Mbit/s, round trip in ms, and whose senders have the law's promise: flows are many, and fall into step with none of them.
# 155 Mbit/s and 87 ms are those of the experiment in "Sizing router buffers".
BOTH, ONE, NONE = ("reno", "cubic"), ("cubic",), ()
SIZING = [(1, 20, 40, NONE), (4, 20, 40, NONE), (10, 100, 40, NONE), (100, 155, 87, BOTH), (400, 155, 87, BOTH), (400, 1000, 40, BOTH),
          (100, 500, 40, ONE), (100, 1000, 40, ONE), (400, 2500, 40, ONE)]
SENDERS = ["reno", "cubic", "bbr"]
# The table of ./bench bufferbloat for senders that this kernel may not have.
QUEUES = {"drop-tail 1 s": 'queue "drop-tail" { limit = "1s" }', "drop-tail auto": AUTO, "red": 'queue = "red"', "codel": 'queue = "codel"',
          "fq-codel": 'queue = "fq-codel"', "dualpi2": 'queue = "dualpi2"'}
RATE, RTT, FLOWS = 20, 40, 4


def simulate(rate, queue, flows, rtt, senders, seed):
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(f'interface "a" {{ rate = "{rate}Mbit"  {queue} }}\n')
        file.flush()
        program = os.path.join(build, "src/simulate/fairlead-simulate")
        return json.loads(subprocess.run(
            [program, "--json", "--config", file.name, "--flows", str(flows), "--rtt", f"{rtt}ms", "--senders", senders, "--seconds", str(SECONDS),
             "--before", str(BEFORE), "--seed", str(seed), "a"], capture_output=True, text=True, check=True).stdout)


def worst(runs, law):
    """Of several seeds, for each figure the one that is least good."""
    return {"utilisation": min(run["utilisation"] for run in runs), "jain": min(run["jain"] for run in runs),
            "p50_ms": max(run["delay"]["p50_ms"] for run in runs), "p99_ms": max(run["delay"]["p99_ms"] for run in runs),
            "p99_to_law": max(run["delay"]["p99_ms"] / law(run) for run in runs),
            "rtt_error": max((run["auto"]["rtt_ms"] / run["rtt_ms"] - 1 for run in runs), key=abs),
            "flows_error": max((run["auto"]["flows"] / run["flows"] - 1 for run in runs), key=abs),
            "guard": max(run["auto"]["guard"] for run in runs), "limit_ms": [run["auto"]["limit_ms"] for run in runs]}


def sizing(pool):
    rows = []
    wanted = [(senders, *one) for senders in SENDERS for one in SIZING]
    runs = [[pool.submit(simulate, rate, AUTO, flows, rtt, senders, 1 + seed) for seed in range(SEEDS)]
            for senders, flows, rate, rtt, _ in wanted]
    for (senders, flows, rate, rtt, promised), results in zip(wanted, runs):
        row = {"senders": senders, "flows": flows, "rate_mbit": rate, "rtt_ms": rtt, "promised": senders in promised,
               **worst([result.result() for result in results], lambda run: run["rtt_ms"] / math.sqrt(run["flows"]))}
        row["kept"] = row["utilisation"] >= .98 and row["p99_to_law"] <= 1.1 and abs(row["rtt_error"]) <= .2 and abs(row["flows_error"]) <= .2
        rows.append(row)
        say(f"{senders:6} {flows:4} flows, {rate:5} Mbit/s, {rtt} ms: {row['utilisation']:7.2%} used, p99 {row['p99_ms']:6.2f} ms")
    return rows


def kinds(pool):
    runs = {(senders, name): pool.submit(simulate, RATE, queue, FLOWS, RTT, senders, 1)
            for senders in (*SENDERS, "scalable") for name, queue in QUEUES.items()}
    rows = {}
    for (senders, name), result in runs.items():
        run = result.result()
        rows.setdefault(senders, {})[name] = {"utilisation": run["utilisation"], "jain": run["jain"], "ping_ms": run["ping"]["p50_ms"],
                                              "ping_p99_ms": run["ping"]["p99_ms"], "delay_ms": run["delay"]["p50_ms"],
                                              "delay_p99_ms": run["delay"]["p99_ms"], "lost": run["lost"], "marked": run["marked"]}
    return rows


def main():
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answer = {"seconds": SECONDS, "before": BEFORE, "seeds": SEEDS, "sizing": sizing(pool), "kinds": kinds(pool)}
    answer["promises_kept"] = all(row["kept"] for row in answer["sizing"] if row["promised"])
    if "--json" in words:
        print(json.dumps(answer))
        return
    print(f"Queues that size themselves, the worst of {SEEDS} seeds, {SECONDS} s after {BEFORE} s (* has the promise: 98 % used, 99 of 100 packets "
          "within RTT / sqrt n and a tenth):")
    print(f"{'':8}{'flows':>6}{'Mbit/s':>8}{'RTT':>6}{'used':>9}{'median':>10}{'99 of 100':>11}{'to the law':>12}{'RTT off':>9}{'n off':>8}{'guard':>7}")
    for row in answer["sizing"]:
        print(f"{row['senders']:8}{row['flows']:6}{row['rate_mbit']:8}{row['rtt_ms']:6}{row['utilisation']:9.2%}{row['p50_ms']:7.2f} ms"
              f"{row['p99_ms']:8.2f} ms{row['p99_to_law']:12.3f}{row['rtt_error']:9.1%}{row['flows_error']:8.1%}{row['guard']:7.2f}"
              f"{' *' if row['promised'] else ''}{'' if row['kept'] or not row['promised'] else ' NOT KEPT'}")
    print(f"\n{FLOWS} flows through {RATE} Mbit/s, {RTT} ms:")
    print(f"{'':10}{'':16}{'used':>9}{'ping +':>10}{'99 of 100':>11}{'flows wait':>12}{'Jain':>8}{'lost':>8}{'marked':>8}")
    for senders, table in answer["kinds"].items():
        for name, row in table.items():
            print(f"{senders:10}{name:16}{row['utilisation']:9.2%}{row['ping_ms']:7.2f} ms{row['ping_p99_ms']:8.2f} ms{row['delay_ms']:9.2f} ms"
                  f"{row['jain']:8.3f}{row['lost']:8}{row['marked']:8}")


main()
