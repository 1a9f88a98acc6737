#!/usr/bin/env python3
"""Compares the lifetimes that `orionrt convert` finds with reference files, over a folder of models.

compare_models.py ORIONRT MODELS

MODELS holds onnx/*.onnx (and onnx_scaled, tflite), overrides.json (dimensions a model), and reference/MODE/NAME.csv
with MODE fold, raw or static. Agreement: the same multiset of (lower, upper, size). Exits 1 when a file differs.
"""
import collections
import csv
import json
import pathlib
import subprocess
import sys

from model_options import options

MODES = {"fold": [], "raw": ["--no-fold"], "static": ["--fold-shapes"]}


def rows(text):
    return collections.Counter((r["lower"], r["upper"], r["size"]) for r in csv.DictReader(text.splitlines()))


def compare(orionrt, model, flags, reference):
    """"ok", or what differs in a few words."""
    run = subprocess.run([orionrt, "convert", model, *flags], capture_output=True, text=True)
    if run.returncode != 0:
        return f"exit {run.returncode}: {run.stderr.strip()[-300:]}"
    have, want = rows(run.stdout), rows(reference.read_text())
    if have == want:
        return "ok"
    return f"too many {list((have - want).elements())[:3]}, missing {list((want - have).elements())[:3]}"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    orionrt, root = sys.argv[1], pathlib.Path(sys.argv[2])
    overrides = json.loads((root / "overrides.json").read_text())
    suffixes = ["onnx", "tflite"]
    matches = mismatches = 0
    for model in sorted(path for suffix in suffixes for path in root.glob(f"{suffix}*/*.{suffix}")):
        for mode, flags in MODES.items():
            reference = root / "reference" / mode / f"{model.stem}.csv"
            if not reference.exists():
                continue
            verdict = compare(orionrt, str(model), options(overrides.get(model.name, {})) + flags, reference)
            matches += verdict == "ok"
            mismatches += verdict != "ok"
            if verdict != "ok":
                print(f"{model.stem} {mode}: {verdict}")
    print(f"{matches} match, {mismatches} differ")
    sys.exit(1 if mismatches or not matches else 0)


main()
