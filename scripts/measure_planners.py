#!/usr/bin/env python3
"""Every policy on every instance: peak / lower bound and time, as a table and a picture; and growth from 10^3 to 10^6.

measure_planners.py BUILD INSTANCE.csv ... [--out docs]

BUILD is a release build with benchmarks. Writes OUT/planners.md, OUT/planners.svg and OUT/growth.svg. Times are medians
of three runs on one thread of this machine, whose load it states.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

INK, GRID = "#667", "#ccd"
COLOURS = {"auto": "#0072b2", "linear_scan": "#d55e00", "first_fit": "#009e73", "greedy_by_size": "#cc79a7",
           "best_fit": "#e69f00", "exact": "#56b4e9", "no_reuse": "#999999"}  # Okabe and Ito: safe for the colour-blind
MARKS = {"auto": "circle", "linear_scan": "square", "first_fit": "diamond", "greedy_by_size": "triangle",
         "best_fit": "cross", "exact": "plus", "no_reuse": "bar"}


def base(policy):
    return policy.split(":")[0]


def compare(build, instance):
    command = [str(build / "orionrt"), "compare", instance, "--format", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def growth(build):
    """{policy: [(n, seconds, ratio)]} by Google Benchmark."""
    command = [str(build / "benchmarks" / "bench_planners"), "--benchmark_filter=-^dense", "--benchmark_format=json"]
    runs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["benchmarks"]
    points = {}
    for run in runs:
        if run.get("aggregate_name") != "median":
            continue
        policy, n = run["run_name"].split("/")[:2]
        points.setdefault(policy, []).append((int(n), run["cpu_time"] / 1e3, run["ratio"]))
    return points


def mark(kind, x, y, colour):
    """A marker of its own shape for every policy: colour is not the only sign."""
    shapes = {
        "circle": f'<circle cx="{x}" cy="{y}" r="4.5"/>',
        "square": f'<rect x="{x - 4}" y="{y - 4}" width="8" height="8"/>',
        "diamond": f'<path d="M{x} {y - 6}l6 6l-6 6l-6-6z"/>',
        "triangle": f'<path d="M{x} {y - 6}l6 10h-12z"/>',
        "cross": f'<path d="M{x - 4} {y - 4}l8 8m0-8l-8 8" fill="none" stroke="{colour}" stroke-width="2"/>',
        "plus": f'<path d="M{x - 5} {y}h10m-5-5v10" fill="none" stroke="{colour}" stroke-width="2"/>',
        "bar": f'<path d="M{x - 5} {y}h10" stroke="{colour}" stroke-width="3"/>',
    }
    return f'<g fill="{colour}">{shapes[kind]}</g>'


def svg(width, height, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>{body}</svg>\n')


def text(x, y, words, anchor="start"):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{INK}">{words}</text>'


def legend(policies, x):
    return "".join(mark(MARKS[p], x, 40 + 20 * k, COLOURS[p]) + text(x + 12, 44 + 20 * k, p)
                   for k, p in enumerate(policies))


def ratio_picture(results, policies):
    """One column an instance, one mark a policy; 1.0 is the lower bound."""
    top, step, left, height = 1.5, 44, 60, 360
    y_of = lambda ratio: 320 - (min(ratio, top) - 1) / (top - 1) * 280
    body = text(left, 20, "peak / lower bound (marks at the upper edge: 1.5 or more)")
    for k in range(6):
        y = y_of(1 + k / 10)
        body += f'<path d="M{left} {y}h{step * len(results)}" stroke="{GRID}"/>'
        body += text(left - 8, y + 4, f"{1 + k / 10:.1f}", "end")
    for column, result in enumerate(results):
        x = left + step * column + step // 2
        body += f'<text transform="translate({x + 4} 328) rotate(35)" fill="{INK}">{name_of(result)}</text>'
        for row in (r for r in result["policies"] if base(r["policy"]) in policies):
            body += mark(MARKS[base(row["policy"])], x, round(y_of(row["ratio"]), 1), COLOURS[base(row["policy"])])
    return svg(left + step * len(results) + 170, height + 110, body + legend(policies, left + step * len(results) + 20))


def growth_picture(points, policies):
    """Seconds over buffers, both logarithmic."""
    import math
    left, width = 60, 480
    x_of = lambda n: left + (math.log10(n) - 3) / 3 * width
    y_of = lambda s: round(320 - (math.log10(max(s, 1e-5)) + 5) / 7 * 280, 1)
    body = text(left, 20, "seconds to plan, over buffers")
    for k in range(-5, 3):
        body += f'<path d="M{left} {y_of(10.0 ** k)}h{width}" stroke="{GRID}"/>'
        body += text(left - 8, y_of(10.0 ** k) + 4, f"1e{k}", "end")
    for k in range(3, 7):
        body += text(x_of(10 ** k), 342, f"10^{k}", "middle")
    for policy in policies:
        line = " ".join(f"{x_of(n):.1f},{y_of(s)}" for n, s, _ in points[policy])
        body += f'<polyline points="{line}" fill="none" stroke="{COLOURS[policy]}" stroke-width="1.5"/>'
        body += "".join(mark(MARKS[policy], round(x_of(n), 1), y_of(s), COLOURS[policy]) for n, s, _ in points[policy])
    return svg(left + width + 190, 360, body + legend(policies, left + width + 30))


def name_of(result):
    return pathlib.Path(result["source"]).name.removesuffix(".csv").removesuffix(".1048576")


def tables(results, points, policies):
    load = os.getloadavg()[0]
    out = ["# Policies, measured", "",
           "Made by `scripts/measure_planners.py`; medians of three runs, one thread; load of the machine at the end: "
           f"{load:.1f}. Ratio is peak / lower bound; **bold** is proven optimal.", "",
           "![Peak / lower bound of every policy on every instance](planners.svg)", "",
           "| instance | buffers | " + " | ".join(policies) + " |", "|---|--:|" + "--:|" * len(policies)]
    for result in results:
        cells = {}
        for row in result["policies"]:
            ratio = f'{row["ratio"]:.4f}'
            shown = f"**{ratio}**" if row["proven_optimal"] else ratio
            cells[base(row["policy"])] = shown + f', {row["seconds"] * 1e3:.2f} ms'
        out.append(f'| {name_of(result)} | {result["buffers"]} | ' + " | ".join(cells[p] for p in policies) + " |")
    out += ["", "## Growth", "", "Traces made by `benchmarks/instances.hpp`, seed 1.", "",
            "![Seconds to plan over the number of buffers](growth.svg)", "",
            "| buffers | " + " | ".join(policies) + " |", "|--:|" + "--:|" * len(policies)]
    for k in range(4):
        row = [f"{points[p][k][2]:.4f}, {points[p][k][1] * 1e3:.1f} ms" for p in policies]
        out.append(f"| {points[policies[0]][k][0]} | " + " | ".join(row) + " |")
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("instances", nargs="+")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("docs"))
    arguments = parser.parse_args()
    results = []
    for instance in arguments.instances:
        print(instance, file=sys.stderr)
        results.append(compare(arguments.build, instance))
    points = growth(arguments.build)
    policies = [base(row["policy"]) for row in results[0]["policies"]]
    (arguments.out / "planners.md").write_text(tables(results, points, policies))
    (arguments.out / "planners.svg").write_text(ratio_picture(results, [p for p in policies if p != "no_reuse"]))
    (arguments.out / "growth.svg").write_text(growth_picture(points, policies))


main()
