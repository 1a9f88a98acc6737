#!/usr/bin/env python3
"""What a number in the sources decides: a Markdown table of plans made with it, and with others in its place.

measure_number.py BUILD FILE TEXT OTHER... -- INSTANCE... [OPTIONS OF orionrt plan]

TEXT is what FILE has once: the number, with enough around it to be found. For each OTHER a copy of FILE in which it
stands instead is compiled as BUILD does, and linked with the rest of BUILD's command; neither the tree nor BUILD is
changed. BUILD is an up-to-date release tree of Ninja's, with static libraries and without unity builds. Ratios are
peaks by lower bounds, as `orionrt plan` finds them; seconds are of its process, the least of three runs, added up over
the instances.

measure_number.py build/release src/plan/portfolio.cpp "kFinest = 8192" "kFinest = 1024" -- a.csv b.csv --effort fast
"""
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile
import time


def fail(message):
    sys.exit(f"measure_number.py: {message}")


def output_of(command, **more):
    run = subprocess.run(command, capture_output=True, text=True, **more)
    if run.returncode != 0:
        fail(f"{command if isinstance(command, str) else shlex.join(command)}:\n{(run.stdout + run.stderr)[-2000:]}")
    return run.stdout


def compile_command(build, file):
    for entry in json.loads(output_of(["ninja", "-C", build, "-t", "compdb"])):
        if entry["file"] == str(file) and entry["output"].startswith("CMakeFiles/orionrt"):
            return shlex.split(entry["command"])
    fail(f"{build}: compiles no {file} by itself; give a tree of Ninja's without unity builds")


def make_command(build, file, text, folder):
    """The command with that text for the file, in the folder."""
    (folder / file.name).write_text(text)
    made = {"-o": str(folder / "number.o"), "-c": str(folder / file.name), "-MF": str(folder / "number.d")}
    words = compile_command(build, file)
    for option, path in made.items():
        if option in words:
            words[words.index(option) + 1] = path
    output_of(words, cwd=build)
    link = output_of(["ninja", "-C", build, "-t", "commands", "orionrt"]).splitlines()[-1]
    if " -o orionrt " not in link:
        fail(f"{build}: the command is not linked as this script expects: {link[-300:]}")
    output_of(link.replace(" -o orionrt ", f" -o {folder}/orionrt {folder}/number.o "), cwd=build, shell=True)
    return folder / "orionrt"


def measure(orionrt, instances, options):
    """Of a plan of each instance, its peak by its lower bound; and the seconds of all."""
    ratios, seconds = [], 0.0
    for instance in instances:
        runs = []
        for _ in range(3):
            start = time.perf_counter()
            plan = output_of([str(orionrt), "plan", instance, "--format", "json", *options])
            runs.append(time.perf_counter() - start)
        figures = json.loads(plan)
        ratios.append(figures["peak_bytes"] / max(1, figures["lower_bound_bytes"]))
        seconds += min(runs)
    return ratios, seconds


def main():
    if "--" not in sys.argv or sys.argv.index("--") < 5:
        sys.exit(__doc__)
    cut = sys.argv.index("--")
    build, file = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    text, others, rest = sys.argv[3], sys.argv[4:cut], sys.argv[cut + 1:]
    options_at = next((i for i, word in enumerate(rest) if word.startswith("--")), len(rest))
    instances = [os.path.abspath(instance) for instance in rest[:options_at]]
    source = file.read_text()
    if source.count(text) != 1:
        fail(f"{file}: has \"{text}\" {source.count(text)} times; give so much of its line that it is there once")
    if not instances:
        fail("no instance behind --")
    print("| number | mean | worst | at the bound | seconds |\n|---|--:|--:|--:|--:|")
    for number in [text, *others]:
        with tempfile.TemporaryDirectory() as folder:
            orionrt = make_command(build, file, source.replace(text, number), pathlib.Path(folder))
            ratios, seconds = measure(orionrt, instances, rest[options_at:])
        at_bound = sum(ratio == 1 for ratio in ratios)
        print(f"| `{number}` | {statistics.mean(ratios):.5f} | {max(ratios):.5f} | {at_bound} of {len(ratios)} "
              f"| {seconds:.2f} |", flush=True)


if __name__ == "__main__":
    main()
