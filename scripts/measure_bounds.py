#!/usr/bin/env python3
"""What views, in-place, co-location and another order of ops make of the bound of each model, as a Markdown table.

measure_bounds.py ORIONRT MODEL... [--overrides overrides.json]

MODEL: .onnx, .tflite or graph .json. Overrides: {"file name": {"dims": {name: value}, "inputs": {name: [dims]}}}.
Bytes as the bound of `orionrt plan --all` has them, at the default alignment; "proven" where the plan is as low as its
bound, "order" where no order of the ops has fewer bytes alive. Seconds: of the whole process, median of three.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

from model_options import options

STAGES = ["given", "views", "colocate", "in_place", "reorder"]


def measure(orionrt, model, flags):
    """The plan, and the median of three runs in seconds; or what went wrong."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        run = subprocess.run([orionrt, "plan", model, "--all", "--format", "json", *flags], capture_output=True,
                             text=True)
        seconds.append(time.perf_counter() - start)
        if run.returncode != 0:
            return None, run.stderr.strip().splitlines()[-1][-120:]
    return json.loads(run.stdout), statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("orionrt")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--overrides")
    arguments = parser.parse_args()
    overrides = json.loads(pathlib.Path(arguments.overrides).read_text()) if arguments.overrides else {}
    print("| model | as given | with views | co-located | in place | reordered | saved | plan | order | vanish "
          "| in place | s |")
    print("|---|--:|--:|--:|--:|--:|--:|---|---|--:|--:|--:|")
    lower = 0
    for model in arguments.models:
        path = pathlib.Path(model)
        flags = [] if path.suffix == ".json" else options(overrides.get(path.name, {}))
        plan, seconds = measure(arguments.orionrt, model, flags)
        if plan is None:
            print(f"| {path.name} | {seconds} |")
            continue
        bounds = {row["stage"]: row["lower_bound_bytes"] for row in plan["bounds"]}
        first, last = bounds["given"], bounds["reorder"]
        lower += last < first
        saved = f"{100 * (first - last) / first:.1f} %" if last < first else ""
        proven, order = ("proven" if plan[key] else "open" for key in ("proven_optimal", "order_proven_optimal"))
        print(f"| {path.name} | " + " | ".join(f"{bounds[stage]:,}" for stage in STAGES) + f" | {saved} | "
              f"{proven} | {order} | "
              f"{len(plan['vanished_ops'])} | {len(plan['in_place'])} | {seconds:.2f} |")
    print(f"\n{lower} of {len(arguments.models)} lower", file=sys.stderr)


main()
