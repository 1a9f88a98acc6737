#!/usr/bin/env python3
"""Puts scripts/check_plan.py to plans that are right, and to the same plans with one thing wrong.

    check_plan_test.py ORIONRT
"""
import copy
import itertools
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import check_plan  # noqa: E402

MODELS = ["encoder.onnx", "mobilenet_v2.onnx", "transformer_block.onnx"]
OPTIONS = [[], ["--all"], ["--alignment", "1"], ["--space", "fast=1M", "--space", "slow"], ["--policy", "linear_scan"]]


def verdict(plan):
    """What the script says is wrong; None where it finds nothing."""
    try:
        list(check_plan.check(plan))
    except check_plan.Fault as fault:
        return str(fault)
    return None


def space_of(plan):
    """What states peak and bound: the plan, or its first space."""
    return (plan.get("spaces") or plan.get("pools") or [plan])[0]


def on_top_of_another(plan):
    first = plan["buffers"][0]
    other = next(b for b in plan["buffers"][1:] if b["lower"] < first["upper"] and first["lower"] < b["upper"])
    for key in {"offset", "space", "pool"} & first.keys():
        other[key] = first[key]


def misaligned(plan):
    plan["buffers"][0]["alignment"] = 1 << 40
    plan["buffers"][0]["offset"] += 64


def peak_too_low(plan):
    space_of(plan)["peak_bytes"] -= 1


def bound_too_high(plan):
    space_of(plan)["lower_bound_bytes"] += 1


def witness_lacks_one(plan):
    space_of(plan)["witness"]["buffers"].pop()


def witness_at_another_step(plan):
    space_of(plan)["witness"]["step"] += 1000


def main():
    orionrt, judged = sys.argv[1], 0
    for model, options in itertools.product(MODELS, OPTIONS):
        told = subprocess.run([orionrt, "plan", ROOT / "examples" / "models" / model, "--dim", "*=4", *options,
                               "--format", "json"], capture_output=True, text=True, check=True).stdout
        plan = json.loads(told)
        if fault := verdict(plan):
            sys.exit(f"{model} {options}: {fault}")
        for damage in (on_top_of_another, misaligned, peak_too_low, bound_too_high, witness_lacks_one,
                       witness_at_another_step):
            damaged = copy.deepcopy(plan)
            damage(damaged)
            judged += 1
            if verdict(damaged) is None:
                sys.exit(f"{model} {options}: {damage.__name__} is not found")
    print(f"{judged} damaged plans are found wrong")


if __name__ == "__main__":
    main()
