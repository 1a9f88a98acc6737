#!/usr/bin/env python3
"""Runs planned ONNX models op by op out of one arena, onnxruntime being the kernels, and compares every read.

Usage: execute.py [--seeds N] [--first SEED] [--write-skips] [MODELS]

Small random graphs of every opset that onnxruntime runs, the models of the project, and those of MODELS, a folder with
onnx/*.onnx and overrides.json (dimensions a model); each with no transform, with each, and with all of them. What
onnxruntime does not run is done by stand-ins; skips.txt says how many of each kind there may be. Exit code 77 without
the packages orionrt, onnxruntime, onnx and numpy.
"""

import argparse
import itertools
import json
import pathlib
import sys

try:
    import faults
    import generate
    import models
    import orionrt
    from interpreter import WrongBytes
    from kernels import CannotRun
except ImportError as error:
    print(f"left out: {error}")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
SKIPS = HERE / "skips.txt"
OPSETS = range(7, 29)
FAULTS_A_PLAN = 3
#: Of a hundred planted faults; what is overwritten by equal bytes cannot be seen.
LEAST_NOTICED = 80


class Tally:
    """What was run, and what was wrong."""

    def __init__(self):
        self.plans = self.reads = self.planted = self.noticed = 0
        self.wrong = []
        self.skips = {}

    def run(self, name, interpreter, plan, what, seed):
        self.plans += 1
        try:
            interpreter.run(plan, seed)
        except WrongBytes as error:
            self.wrong.append(f"{name}: {what}: {error}")

    def plant(self, interpreter, plan, mutations, seed):
        for mutate in itertools.islice(mutations, FAULTS_A_PLAN):
            self.planted += 1
            try:
                interpreter.run(plan, seed, mutate)
            except WrongBytes:
                self.noticed += 1

    def skip(self, name, skips):
        self.skips.update({(name, *what): count for what, count in skips.items()})


def run_generated(tally, seed):
    """One graph: every transform, two alignments by turns, now and then two streams or another policy."""
    model = generate.model_of(seed, OPSETS[seed % len(OPSETS)])
    name = f"seed {seed}, opset {model.opset_import[0].version}"
    graph = orionrt.load(model.SerializeToString())
    interpreter = models.interpreter_of(model, graph)
    alignment = (64, 8)[seed // len(OPSETS) % 2]
    for options in models.PLANS:
        plan = models.plan_of(graph, alignment=alignment, **options)
        tally.run(name, interpreter, plan, f"alignment {alignment}, {options}", seed)
        if not options:
            tally.plant(interpreter, plan, faults.overlaps(plan), seed)
        if options == {"views": True}:
            tally.plant(interpreter, plan, faults.moved_views(plan, graph), seed)
    streamed = models.plan_of(graph.on_streams(2), alignment=alignment, **{**models.PLANS[-1], "reorder": False})
    tally.run(name, interpreter, streamed, f"alignment {alignment}, two streams", seed)
    policy = list(orionrt.policies())[seed % len(orionrt.policies())]
    other = models.plan_of(graph, alignment=alignment, policy=policy, effort="fast", **models.PLANS[-1])
    tally.run(name, interpreter, other, f"policy {policy}", seed)
    tally.reads += interpreter.reads
    tally.skip("generated", interpreter.skips)


def run_model(tally, path, overrides):
    try:
        model, graph = models.load(path, overrides.get(path.name, {}))
        interpreter = models.interpreter_of(model, graph, models.INPUTS.get(path.name, {}))
        for options in models.PLANS:
            tally.run(path.name, interpreter, models.plan_of(graph, **options), options, 1)
    except CannotRun as error:
        tally.skip(path.name, {("the model", str(error).split(":")[0]): 1})
        print(f"{path.name}: not run: {error}")
        return
    tally.reads += interpreter.reads
    tally.skip(path.name, interpreter.skips)
    print(f"{path.name}: {len(models.PLANS)} plans, {interpreter.reads} reads", flush=True)


def read_skips():
    rows = [line.split("\t") for line in SKIPS.read_text().splitlines() if not line.startswith("#")]
    return {(model, op, why): int(count) for model, op, why, count in rows}


def write_skips(skips):
    head = "# What onnxruntime does not run: model, op, why, and how many nodes at most. Written by --write-skips.\n"
    SKIPS.write_text(head + "".join("\t".join([*key, str(skips[key])]) + "\n" for key in sorted(skips)))


def verdict(tally):
    """Whether all is well, after saying what is not."""
    for line in tally.wrong:
        print(f"wrong: {line}")
    allowed = read_skips()
    new = {key: count for key, count in tally.skips.items() if count > allowed.get(key, 0)}
    for key, count in sorted(tally.skips.items()):
        print(f"stood in for: {', '.join(key)}: {count}{', more than ' + str(SKIPS) + ' allows' if key in new else ''}")
    noticed = 100 * tally.noticed >= LEAST_NOTICED * tally.planted
    print(
        f"{tally.plans} plans, {tally.reads} reads compared, {len(tally.wrong)} wrong; "
        f"{tally.noticed} of {tally.planted} planted faults noticed{'' if noticed else ': too few'}; "
        f"{sum(tally.skips.values())} nodes stood in for, {len(new)} kinds new"
    )
    return not tally.wrong and not new and noticed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="?", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=22)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--write-skips", action="store_true")
    options = parser.parse_args()
    tally = Tally()
    for seed in range(options.first, options.first + options.seeds):
        run_generated(tally, seed)
    print(f"{options.seeds} graphs, seeds from {options.first}", flush=True)
    for path in sorted((HERE.parents[1] / "examples" / "models").glob("*.onnx")):
        run_model(tally, path, models.OWN)
    if options.models:
        overrides = json.loads((options.models / "overrides.json").read_text())
        for path in sorted(options.models.glob("onnx*/*.onnx")):
            run_model(tally, path, overrides)
    if options.write_skips:
        write_skips({**read_skips(), **tally.skips})
    sys.exit(0 if verdict(tally) else 1)


main()
