"""Lookups a second in a table, ours and the peers': what the program benchmarks/fib measures, put together."""
import os
import statistics

from command import facts_and_rows, number, quartiles

BATCH_PEERS = ["rte_fib", "rte_fib_avx512", "rte_lpm", "rte_lpm_x4"]
SINGLE_PEERS = ["rte_fib_one", "rte_lpm_one"]


def ratio(rows, ours, peers):
    """Ours to the best peer of the same round, of all rounds."""
    return [mine / max(others) for mine, *others in zip(rows[ours], *(rows[peer] for peer in peers if peer in rows))]


def best_of(rows, peers):
    return max((peer for peer in peers if peer in rows), key=lambda peer: statistics.median(rows[peer]))


def compare(rates):
    """Of {key set: {row: [rate of each round]}} ours beside the peers', the best of them, and all."""
    answer = {}
    for keys, rows in rates.items():
        for name, ours, peers in ((keys, "fairlead", BATCH_PEERS), (f"single_{keys}", "fairlead_one", SINGLE_PEERS)):
            ratios = quartiles(ratio(rows, ours, peers))
            answer.update({f"{name}_ratio": ratios[1], f"{name}_ratio_quartiles": ratios, f"{name}_best_peer": best_of(rows, peers)})
    answer["rows"] = {keys: {row: dict(zip(("low", "mlps", "high"), quartiles(values))) for row, values in rows.items()}
                      for keys, rows in rates.items()}
    return answer


def tell_changes(fact):
    answer = {}
    for size, end in (("1", ""), ("64", "_at_64")):
        answer["updates_alone_per_s" + end] = int(fact["updates_alone_" + size])
        if "updates_beside_" + size in fact:
            answer["updates_per_s" + end] = int(fact["updates_beside_" + size])
            answer["reader_kept" + end] = round(fact["reader_beside_" + size] / fact["reader_alone_" + size], 3)
            answer["reader_alone_mlps" + end] = fact["reader_alone_" + size]
    return answer


def measure(build, table, words, rounds):
    """Of a table's text, as the words of the command line have it: --nexthops N, --seed N, --rounds N, --keys N, --lpm-add."""
    asked = {"seed": number(words, "--seed", 1), "nexthops": number(words, "--nexthops", 256),
             "rounds": number(words, "--rounds", rounds), "keys": number(words, "--keys", 1 << 20)}
    command = ["taskset", "-c", str(os.cpu_count() - 1), os.path.join(build, "benchmarks/fib"),
               *(str(asked[name]) for name in ("nexthops", "seed", "rounds", "keys"))]
    facts, rates = facts_and_rows(command + (["lpm-add"] if "--lpm-add" in words else []), table, 1800)
    fact = {name: statistics.median(values) for name, values in facts.items()}
    answer = {"prefixes": int(fact["prefixes"]), **asked, **compare(rates)}
    for name in ("memory_bytes", "used_bytes", "writer_bytes", "blocks", "blocks_wide", "slash24_more", "edges_checked"):
        answer[name] = int(fact[name])
    answer["load_s"], answer["rte_fib_load_s"] = fact["load_s"], fact["rte_fib_load_s"]
    answer["rte_lpm_load_s"] = fact.get("rte_lpm_load_s")
    return {**answer, **tell_changes(fact)}
