#!/usr/bin/env python3
"""Orders of lower peak for irregularly wired nets, as a table in Markdown.

measure_order.py BUILD [--rule any|first] [--runs N]

BUILD is a release build with benchmarks. The nets are those of irregular_nets.py. Seconds are medians of N runs (3) on
one thread of this machine, the making of the model apart; peaks are the most bytes alive at any op, in KiB.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def measure(build, graphs, runs):
    """Rows of bench_order with the median of the seconds; every run must find the same peaks."""
    command = [str(build / "benchmarks" / "bench_order"), *map(str, graphs)]
    passes = []
    for _ in range(runs):
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        passes.append([json.loads(line) for line in lines])
    for rows in zip(*passes):
        assert len({(row["peak_bytes"], row["lower_bound_bytes"]) for row in rows}) == 1, rows
        yield {**rows[0], "seconds": statistics.median(row["seconds"] for row in rows)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rule", choices=("any", "first"), default="any")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, str(HERE / "irregular_nets.py"), folder, "--rule", options.rule], check=True)
        rows = list(measure(options.build, sorted(pathlib.Path(folder).glob("*.json")), options.runs))
    print("| net | ops | in place | given | reverse post-order | found | bound | of given | seconds |")
    print("|---|--:|---|--:|--:|--:|--:|--:|--:|")
    kib = lambda size: f"{size / 1024:.0f}"
    for row in rows:
        bound = "proven" if row["proven_optimal"] else kib(row["lower_bound_bytes"])
        print(f"| {pathlib.Path(row['graph']).stem} | {row['ops']} | {'yes' if row['in_place'] else 'no'} "
              f"| {kib(row['given'])} | {kib(row['reverse_post_order'])} | {kib(row['peak_bytes'])} | {bound} "
              f"| {row['peak_bytes'] / row['given']:.2f} | {row['seconds']:.3f} |")


if __name__ == "__main__":
    main()
