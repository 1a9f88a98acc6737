#!/usr/bin/env python3
"""Compiles models with IREE twice, its own arenas and ours, runs both, and compares. A Markdown table.

measure_iree.py [--at-least N] MODEL.onnx... [-- FLAGS]

Both modules are made in the same steps (orionrt.integrations.iree, planned and not), so that nothing but the offsets
differs. Arena: the transient bytes that the functions of the module ask for. Resident: the most that a process had,
which loads the module and calls it three times. Outputs are compared bit by bit; exit code 1 where one differs, an
arena of ours is larger, or fewer than N models run. FLAGS go to iree-compile; without any the host's CPU is the target.
Needs the packages orionrt, iree-base-compiler[onnx] and iree-base-runtime; exit code 77 without.
"""

import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import iree.compiler  # noqa: F401
    import iree.runtime
    import numpy as np
    import onnx
    from orionrt import Error
    from orionrt.integrations.iree import compile_module, stream_phase
except ImportError as error:
    print(f"left out: {error}")
    sys.exit(77)

CPU = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu"]
RUNS = 3


def transient_bytes(text):
    """What the functions of a module in the stream dialect ask for; initializers give theirs back."""
    total, constants, function = 0, {}, False
    for line in text.splitlines():
        if re.match(r"\s*util\.(func|initializer)\b", line):
            function, constants = "util.func" in line, {}
        elif constant := re.match(r"\s*(%\S+) = arith\.constant (\d+) : index", line):
            constants[constant[1]] = int(constant[2])
        elif function and (asked := re.search(r"stream\.resource\.alloca .*<transient>\{(%\S+)\}", line)):
            total += constants[asked[1]]
    return total


def signature(text):
    """Name and inputs, (shape, type) each, of the function that an ONNX model becomes."""
    name, inputs = re.search(r"func\.func @\"?([^\"(]+)\"?\((.*?)\) ->", text).groups()
    found = re.findall(r"%\w+: !torch\.vtensor<\[([\d,?]*)\],(\w+)>", inputs)
    if any("?" in shape for shape, _ in found):
        raise Error("not run: an input has open dimensions", "unsupported")
    return name, [([int(extent) for extent in shape.split(",") if extent], kind) for shape, kind in found]


def arrays(inputs):
    random = np.random.default_rng(1)
    types = {"f32": np.float32, "f64": np.float64, "f16": np.float16, "si64": np.int64, "si32": np.int32}
    for shape, kind in inputs:
        array = random.uniform(-1, 1, shape) if kind.startswith("f") else random.integers(0, 2, shape)
        yield np.asarray(array, types[kind])


def run(path, name, inputs):
    """In a process of its own: runs a module, and prints a hash of its outputs and the most memory it had."""
    config = iree.runtime.Config("local-sync")
    module = iree.runtime.VmModule.mmap(config.vm_instance, path)
    context = iree.runtime.SystemContext(config=config)
    context.add_vm_module(module)
    given = list(arrays(json.loads(inputs)))
    for _ in range(RUNS):
        outputs = context.modules[module.name][name](*given)
    outputs = outputs if isinstance(outputs, (tuple, list)) else [outputs]
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(o.to_host()).tobytes() for o in outputs))
    status = pathlib.Path("/proc/self/status").read_text()
    print(json.dumps([digest.hexdigest(), 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])]))


def measured(source, folder, flags, planned):
    """Arena and resident bytes, a hash of the outputs, the packs."""
    module = folder / f"{planned}.vmfb"
    text, _ = stream_phase(source, flags, folder, planned=planned)
    packs = compile_module(source, module, flags, planned=planned)
    name, inputs = signature(source.read_text())
    command = [sys.executable, __file__, "--run", module, name, json.dumps(inputs)]
    told = subprocess.run(command, capture_output=True, text=True)
    if told.returncode != 0:
        raise Error("does not run: " + told.stderr.strip().splitlines()[-1][:150], "unsupported")
    digest, resident = json.loads(told.stdout)
    return transient_bytes(text.read_text()), resident, digest, packs


def close(model, path):
    """Writes the model with a value for every open dimension of its inputs: overrides.json of the folder's, or 1."""
    overrides = model.parent.parent / "overrides.json"
    dims = json.loads(overrides.read_text()).get(model.name, {}).get("dims", {}) if overrides.exists() else {}
    loaded = onnx.load(model)
    for value in loaded.graph.input:
        for dim in value.type.tensor_type.shape.dim:
            if not dim.HasField("dim_value"):
                dim.dim_value = dims.get(dim.dim_param, 1)
    if dims:
        del loaded.graph.value_info[:]
    onnx.save(loaded, path)


def import_model(model, source):
    """As opset 17 where that can be had, which more of IREE's patterns know."""
    closed = source.with_suffix(".onnx")
    close(model, closed)
    command = [pathlib.Path(sys.executable).parent / "iree-import-onnx", closed, "-o", source]
    for more in (["--opset-version", "17"], []):
        imported = subprocess.run([*command, *more], capture_output=True, text=True)
        if imported.returncode == 0:
            return
    raise Error("not imported: " + imported.stderr.strip().splitlines()[-1][:150], "unsupported")


def row(model, folder, flags):
    source = folder / "model.mlir"
    import_model(model, source)
    theirs, their_resident, their_digest, _ = measured(source, folder, flags, planned=False)
    ours, our_resident, our_digest, packs = measured(source, folder, flags, planned=True)
    largest = max(packs, key=lambda pack: pack.peak_bytes)
    equal = their_digest == our_digest
    cells = [
        model.stem,
        str(sum(len(pack.size) for pack in packs)),
        f"{theirs:,}",
        f"{ours:,}",
        f"{100 * (ours / theirs - 1):.1f} %",
        f"{largest.lower_bound_bytes:,}",
        f"{their_resident / 2**20:.1f}",
        f"{our_resident / 2**20:.1f}",
        "equal" if equal else "DIFFER",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)
    return equal and ours <= theirs


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["--run"]:
        return run(*arguments[1:])
    least = int(arguments[1]) if arguments[:1] == ["--at-least"] else 0
    arguments = arguments[2:] if least else arguments
    end = arguments.index("--") if "--" in arguments else len(arguments)
    models, flags = [pathlib.Path(path) for path in arguments[:end]], arguments[end + 1 :] or CPU
    print("| model | slices | IREE's arena | ours | | bound | IREE: resident MiB | ours | outputs |")
    print("|---|---|---|---|---|---|---|---|---|")
    good, left_out = True, []
    for model in models:
        with tempfile.TemporaryDirectory() as folder:
            try:
                good = row(model, pathlib.Path(folder), flags) and good
            except Error as error:
                left_out.append(f"{model.stem}: {str(error).splitlines()[0][:200]}")
    print("\n".join(["", *left_out]))
    return 0 if good and len(models) - len(left_out) >= least else 1


sys.exit(main())
