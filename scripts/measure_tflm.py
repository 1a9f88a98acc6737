#!/usr/bin/env python3
"""Runs models in TensorFlow Lite Micro twice, planned by itself and by us, and compares. A Markdown table.

measure_tflm.py [--at-least N] MODEL.tflite...

The planned copy is that of `orionrt plan MODEL -o COPY.tflite`. Head: what tensors and kernels' scratch share, which is
what a plan decides; arena: with the tail, where the interpreter's own records and variables lie. Both are as its
recording allocator prints them. Outputs of three runs in a row are compared bit by bit. Exit code 1 where one differs,
a planned copy does not run, our arena is larger than KNOWN_LARGER says, or fewer than N models run. Needs the packages
orionrt, tflite-micro and numpy; exit code 77 without.
"""

import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import orionrt  # noqa: F401
    from tflite_micro.python.tflite_micro import runtime
except ImportError as error:
    print(f"left out: {error}")
    sys.exit(77)

#: Bytes, by model: a kernel's scratch, which no file names, does not fit beside what the plan has fixed.
KNOWN_LARGER = {"tflm_audio_preprocessor_int8": 80}
RUNS = 3
ARENA = 1 << 30  # bytes; what is not used is never touched
ORIONRT = pathlib.Path(sys.executable).parent / "orionrt"


def run(path):
    """In a process of its own: runs a model, prints a hash of its outputs; its allocations go to stderr."""
    interpreter = runtime.Interpreter.from_file(path, arena_size=ARENA)
    random = np.random.default_rng(1)
    model = runtime.convert_bytearray_to_object(pathlib.Path(path).read_bytes()).subgraphs[0]
    digest = hashlib.sha256()
    for _ in range(RUNS):
        for index in range(len(model.inputs)):
            details = interpreter.get_input_details(index)
            shape, kind = details["shape"], np.dtype(details["dtype"])
            value = random.uniform(-1, 1, shape) if kind.kind == "f" else random.integers(0, 100, shape)
            interpreter.set_input(np.asarray(value, kind), index)
        interpreter.invoke()
        for index in range(len(model.outputs)):
            digest.update(np.ascontiguousarray(interpreter.get_output(index)).tobytes())
    interpreter.print_allocations()
    print(digest.hexdigest())


def measured(path):
    """Bytes of the head and of the arena, and the hash; None where the interpreter does not run the model."""
    told = subprocess.run([sys.executable, __file__, "--run", path], capture_output=True, text=True)
    if told.returncode != 0:
        return None, (told.stderr.strip().splitlines() or [f"exit code {told.returncode}"])[0]
    sizes = dict(re.findall(r"Arena allocation (total|head|tail) (\d+) bytes", told.stderr))
    return (int(sizes["head"]), int(sizes["total"]), told.stdout.split()[-1]), ""


def row(model, folder):
    """Whether outputs agree and ours is no larger than is known; a reason where the model was left out."""
    theirs, why = measured(model)
    if theirs is None:
        return True, why
    copy = folder / "planned.tflite"
    planned = subprocess.run([ORIONRT, "plan", model, "-o", copy], capture_output=True, text=True)
    if planned.returncode != 0:
        return True, planned.stderr.strip()
    ours, why = measured(copy)
    if ours is None:
        return False, "ours does not run: " + why
    growth = ours[1] - theirs[1]
    equal = ours[2] == theirs[2]
    cells = [model.stem, f"{theirs[0]:,}", f"{ours[0]:,}", f"{theirs[1]:,}", f"{ours[1]:,}"]
    cells += [f"{growth:+,}" if growth else "0", "equal" if equal else "DIFFER"]
    print(f"| {' | '.join(cells)} |", flush=True)
    return equal and growth <= KNOWN_LARGER.get(model.stem, 0), ""


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["--run"]:
        return run(arguments[1])
    least = int(arguments[1]) if arguments[:1] == ["--at-least"] else 0
    arguments = arguments[2:] if least else arguments
    print("| model | TFLM: head | ours | TFLM: arena | ours | | outputs |")
    print("|---|---|---|---|---|---|---|")
    good, left_out = True, []
    for model in map(pathlib.Path, arguments):
        with tempfile.TemporaryDirectory() as folder:
            right, why = row(model, pathlib.Path(folder))
        good = good and right
        if why:
            left_out.append(f"{model.stem}: {why.splitlines()[0][:200]}")
    print("\n".join(["", *left_out]))
    return 0 if good and len(arguments) - len(left_out) >= least else 1


sys.exit(main())
