#!/usr/bin/env python3
"""Measures the buddy beside its peers in one run, and prints the tables of docs/buddy.md.

usage: measure_buddy.py BENCH [--traces FOLDER] [--repetitions N] [--best] [--filter REGEX] [--preload LIBRARY ...]

BENCH is benchmarks/buddy/bench_buddy of a release build; configure with -DORIONRT_PEERS_DIR=FOLDER to have peers in it.
FOLDER of traces holds the CSVs that benchmarks/buddy/main.cpp names. Every figure is the median of N repetitions, which
are mixed at random; with --best, for a machine that others use too, the best of them. A library given by --preload
(jemalloc, mimalloc) is measured in place of the C library's malloc.
"""
import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess

COLUMNS = [  # workload, what the table calls it, of which counter
    ("pair_256", "pair 256 B", "ns_per_op"),
    ("pair_4M", "pair 4 MiB", "ns_per_op"),
    ("churn_1k", "churn 1k", "ns_per_op"),
    ("churn_100k", "churn 100k", "ns_per_op"),
    ("drain_100k", "drain", "ns_per_op"),
    ("trace_resnet50", "resnet50", "ns_per_op"),
    ("trace_pangu", "pangu", "ns_per_op"),
    ("trace_S_1", "S_1", "ns_per_op"),
    ("inference", "inference", "ns_per_op"),
    ("split_merge_22", "split + merge, 22 levels", "ns_per_op"),
    ("tail", "p99.9 allocate", "allocate"),
    ("tail", "p99.9 free", "free"),
    ("utilisation", "used at first refusal", "share"),
    ("threads_2", "2 threads, M/s", "items_per_second"),
]
MORE_IS_BETTER = {"share", "items_per_second"}
OURS = ["fast", "lean"]


def run(args, filter_, preload=None):
    """{(workload, subject): {counter: [values]}} of one run of the benchmark."""
    environment = dict(os.environ, **({"ORIONRT_TRACES": args.traces} if args.traces else {}))
    if preload:
        environment["LD_PRELOAD"] = preload
    command = [args.bench, f"--benchmark_filter={filter_}", f"--benchmark_repetitions={args.repetitions}",
               f"--benchmark_min_time={args.min_time}", "--benchmark_enable_random_interleaving=true",
               "--benchmark_format=json"]
    text = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    result = collections.defaultdict(lambda: collections.defaultdict(list))
    for row in json.loads(text)["benchmarks"]:
        if row.get("run_type") != "iteration" or row.get("error_occurred"):
            continue
        workload, subject = row["name"].split("/")[:2]
        subject = pathlib.Path(preload).name.split(".")[0] if preload else subject
        for counter in ("ns_per_op", "allocate", "free", "clock", "share", "items_per_second", "refused"):
            if counter in row:
                result[workload, subject][counter].append(row[counter] / (1e6 if counter == "items_per_second" else 1))
    return result


def table(header, rows):
    print("| " + " | ".join([""] + header) + " |")
    print("|---" + "|--:" * len(header) + "|")
    for name, cells in rows:
        print("| " + " | ".join([name] + cells) + " |")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("--traces")
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--min-time", type=float, default=0.02, help="seconds a repetition")
    parser.add_argument("--best", action="store_true", help="the best repetition instead of the median")
    parser.add_argument("--filter", default=".")
    parser.add_argument("--preload", nargs="*", default=[])
    args = parser.parse_args()

    result = run(args, args.filter)
    for library in args.preload:
        result.update(run(args, "/malloc", library))
    figure = {}
    for key, counters in result.items():
        for counter, values in counters.items():
            best = max if counter in MORE_IS_BETTER else min
            figure[key, counter] = best(values) if args.best else statistics.median(values)
    subjects = list(dict.fromkeys(subject for _, subject in result))
    columns = [c for c in COLUMNS if any(((c[0], s), c[2]) in figure for s in subjects)]

    def cell(subject, column):
        value = figure.get(((column[0], subject), column[2]))
        return "–" if value is None else f"{value:.2f}" if value < 10 else f"{value:.0f}"

    table([title for _, title, _ in columns], [(s, [cell(s, c) for c in columns]) for s in subjects])
    clocks = [value for (_, counter), value in figure.items() if counter == "clock"]
    if clocks:
        print(f"p99.9 has the clock's own {statistics.median(clocks):.0f} ns in it.")
    for (workload, subject), counters in result.items():
        if max(counters.get("refused", [0])) > 0:
            print(f"{subject} refused requests of {workload}: its time there is no measure.")

    for ours in OURS:
        print(f"\nHow many times better than each is {ours}:\n")
        rows = []
        for subject in subjects:
            cells = []
            for workload, _, counter in columns:
                mine, theirs = figure.get(((workload, ours), counter)), figure.get(((workload, subject), counter))
                if not mine or not theirs:
                    cells.append("–")
                else:
                    cells.append(f"{mine / theirs if counter in MORE_IS_BETTER else theirs / mine:.2f}")
            rows.append((subject, cells))
        table([title for _, title, _ in columns], rows)


if __name__ == "__main__":
    main()
