#!/usr/bin/env python3
"""The node tests of the onnx package as an oracle of the shapes that the importer infers.

Usage: node_tests.py [--write-known]

What a test declares of its outputs is taken out of its model, so that nothing but inference can tell; then it is read
as it is, with its small inputs of whole numbers as constants, or with all of its small inputs as constants, which is
how models carry shapes, axes and scales. A shape may be larger where data decides, which is an upper bound. Tests that
are refused, or read wrongly, are listed in node_tests.txt with the reason: another one fails, and so does one that is
right by now. Exit code 77 without the packages orionrt, onnx and numpy.
"""

import argparse
import collections
import pathlib
import re
import sys
import warnings

try:
    import numpy as np
    import onnx
    import orionrt
    from onnx.backend.test.case.node import collect_testcases
except ImportError as error:
    print(f"left out: {error}")
    sys.exit(77)

KNOWN = pathlib.Path(__file__).with_suffix(".txt")
SMALL = 64  # elements
#: Ops whose outputs have a size that their data decides: planned at the most that it can be.
BOUNDED = {"Compress", "NonMaxSuppression", "NonZero", "TopK", "Unique", "Loop"}


def stripped(model, arrays, kinds):
    """A copy that says nothing of its outputs' shapes, with small inputs of these kinds of types as constants."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    del graph.value_info[:]
    for output in graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
    for value, array in list(zip(graph.input, arrays, strict=False)):
        is_plain = isinstance(array, (np.ndarray, np.generic)) and array.dtype.kind in kinds
        if is_plain and array.ndim <= 1 and array.size <= SMALL:
            graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array), value.name))
            graph.input.remove(value)
    return copy


def judged(case):
    """"right", "bound", "wrong" or "refused", and why."""
    inputs, outputs = case.data_sets[0]
    ops = {node.op_type for node in case.model.graph.node}
    verdict = ("refused", "nothing to read")
    for kinds in ("", "iu", "iufb"):
        model = stripped(case.model, inputs, kinds)
        try:
            graph = orionrt.load(model.SerializeToString(), format="onnx", fold_constants=False)
        except orionrt.Error as error:
            verdict = ("refused", re.sub(r"^bytes: ", "", str(error)))
            continue
        shapes = {tensor.name: tensor.shape for tensor in graph.tensors}
        pairs = [
            (shapes[value.name], list(np.shape(array)), value.name)
            for value, array in zip(case.model.graph.output, outputs, strict=False)
            if value.name in shapes
        ]
        if not pairs:
            verdict = ("refused", "no output is left: all are constant")
            continue
        wrong = [f"{name}: {made}, on file {real}" for made, real, name in pairs if made != real]
        if not wrong:
            return "right", ""
        holds = all(len(made) == len(real) and all(map(int.__ge__, made, real)) for made, real, _ in pairs)
        verdict = ("bound" if holds and ops & BOUNDED else "wrong", "; ".join(wrong))
        if not holds:
            break
    return verdict


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write-known", action="store_true", help="write node_tests.txt anew")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    counts, not_right = collections.Counter(), {}
    for case in collect_testcases(None):
        if not case.data_sets or not all(isinstance(a, (np.ndarray, np.generic)) for a in case.data_sets[0][1]):
            counts["no plain tensor"] += 1  # sequences, maps and optionals
            continue
        verdict, why = judged(case)
        counts[verdict] += 1
        if verdict in ("wrong", "refused"):
            not_right[case.name] = f"{verdict}: {why}"
    print(f"onnx {onnx.__version__}:", ", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    if options.write_known:
        lines = [f"{name}\t{why[:55]}" for name, why in sorted(not_right.items())]
        head = "# Node tests that are not read rightly, and why. Written by --write-known."
        KNOWN.write_text("\n".join([head, *lines, ""]))
        return 0
    known = dict(line.split("\t") for line in KNOWN.read_text().splitlines() if line and line[0] != "#")
    known = {name: why.split(":")[0] for name, why in known.items()}
    faults = [f"{name}: {why}" for name, why in not_right.items() if why.split(":")[0] != known.get(name)]
    faults += [f"{name}: right by now; take it out of {KNOWN.name}" for name in sorted(known.keys() - not_right.keys())]
    print("\n".join(faults))
    return 1 if faults else 0


sys.exit(main())
