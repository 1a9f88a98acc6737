#!/usr/bin/env python3
"""What the activations of networks take, and how long they run, in one run: Markdown tables, and a picture.

measure_inference.py BENCH_INFERENCE MODEL... [--dim NAME=N]... [--runs 30] [--svg OUT.svg]

BENCH_INFERENCE (benchmarks/inference.cpp) runs the engine of examples/onnx_engine on each model, with malloc and free
for every tensor and in planned memory. Beside it ONNX Runtime runs the same model, weights and input, on as many
threads: its high-water mark is the most that was resident while it ran, less what was before it ran first. Its output
must be that of the engine. Weights that are not in a file, or one number there, are made of their names (examples/onnx_engine).
Without onnxruntime and onnx in this Python they are installed from PyPI into build/inference, and used there. Linux.
"""
import argparse
import ctypes
import gc
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

PACKAGES = ["onnxruntime==1.32.0", "onnx", "numpy"]
VENV = pathlib.Path(__file__).resolve().parent.parent / "build" / "inference"
THREADS = 2
MIB = 1 << 20

try:
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import numpy_helper
except ImportError:
    python = VENV / "bin" / "python"
    if pathlib.Path(sys.prefix) == VENV:
        raise
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES], check=True)
    os.execv(python, [str(python), *sys.argv])


def hashed(name, shape):
    """The weights that the engine makes of a name."""
    u64, mask = np.uint64, np.uint64(0xFFFFFFFF)
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 & 0xFFFFFFFF
    count = int(np.prod(shape))
    x = (u64(seed) + np.arange(count, dtype=u64) * u64(2654435761)) & mask
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = (x ^ x >> u64(shift)) * u64(factor) & mask
    x ^= x >> u64(16)
    u = x / 2.0**32
    width = np.sqrt(3.0 * shape[0] / count)
    return ((u - 0.5) * 2 * width if len(shape) >= 2 else 0.5 + 0.5 * u).astype(np.float32).reshape(shape)


def baked(path):
    """The model with all its weights in it, and no ops that fill them."""
    model = onnx.load(path, load_external_data=False)
    graph = model.graph
    known = {tensor.name: tensor for tensor in graph.initializer}
    for tensor in [t for t in graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL]:
        tensor.CopyFrom(numpy_helper.from_array(hashed(tensor.name, list(tensor.dims)), tensor.name))
    for node in [n for n in graph.node if n.op_type == "ConstantOfShape"]:
        shape = [int(dim) for dim in numpy_helper.to_array(known[node.input[0]])]
        value = numpy_helper.to_array(node.attribute[0].t).ravel()[0]
        filled = hashed(node.output[0], shape) if np.prod(shape) > 1 else np.full(shape, value, np.float32)
        graph.initializer.append(numpy_helper.from_array(filled, node.output[0]))
        graph.node.remove(node)
    weights = {tensor.name for tensor in graph.initializer}
    for port in [p for p in graph.input if p.name in weights]:
        graph.input.remove(port)  # what may be given from outside is not folded
    model.ir_version = max(4, model.ir_version)
    return model.SerializeToString()


def resident(field):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))


def run_onnxruntime(path, runs, output, dims):
    """In a process of its own: prints the high-water mark above what was before, and the median time."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.log_severity_level = 3
    # Weights beside the arena of activations: what is left of their making would hide what activations take.
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    session = onnxruntime.InferenceSession(baked(path), options, providers=["CPUExecutionProvider"])
    feeds = {}
    for port in session.get_inputs():
        shape = [dims[dim] if isinstance(dim, str) else dim for dim in port.shape]
        count = int(np.prod(shape))
        feeds[port.name] = (np.arange(count, dtype=np.float64) / count).astype(np.float32).reshape(shape)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what is free and resident would hide it too
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew
    before = resident("VmRSS")
    milliseconds = []
    for run in range(runs + 1):
        begin = time.perf_counter()
        result = session.run(None, feeds)[0]
        milliseconds.append(1000 * (time.perf_counter() - begin))
        if run == min(4, runs):
            print("ort.bytes", resident("VmHWM") - before)
    print("ort.ms", statistics.median(milliseconds[1:]))
    ours = np.fromfile(output, dtype=np.float32)
    worst = float(np.max(np.abs(result.ravel() - ours) / np.maximum(np.abs(ours), 1e-4)))
    if not worst <= 2e-3:
        sys.exit(f"{path}: ONNX Runtime and the engine differ by {worst:.2g}")
    print("ort.difference", worst)


def figures_of(command):
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines)}


def measure(arguments, model):
    dims = [dim for dim in arguments.dim if dim.split("=")[0].encode() in pathlib.Path(model).read_bytes()]
    with tempfile.NamedTemporaryFile() as output:
        figures = figures_of([arguments.bench, model, str(arguments.runs), output.name, *dims])
        options = [option for dim in dims for option in ("--dim", dim)]
        figures |= figures_of([sys.executable, __file__, "--onnxruntime", output.name, "--runs", str(arguments.runs),
                               *options, arguments.bench, model])
    figures["name"] = pathlib.Path(model).stem.replace("light_", "")
    return figures


MEMORY = [("no reuse", "policy.no_reuse"), ("malloc: heap", "malloc.heap"), ("ONNX Runtime", "ort.bytes"),
          ("auto", "policy.auto"), ("bound", "bound"), ("auto, --all", "all"), ("bound, --all", "all.bound")]
POLICIES = [(policy, f"policy.{policy}") for policy in
            ("linear_scan", "first_fit", "greedy_by_size", "best_fit", "exact", "auto")]
TIME = [("malloc, ms", "ms.malloc"), ("pool", "ms.pool"), ("huge pages", "ms.pool_huge"), ("ONNX Runtime", "ort.ms"),
        ("faults: malloc", "faults.malloc"), ("pool", "faults.pool"), ("huge pages", "faults.pool_huge")]


def print_table(rows, columns, write):
    print("| model | " + " | ".join(title for title, _ in columns) + " |")
    print("|---|" + "--:|" * len(columns))
    for row in rows:
        print(f"| {row['name']} | " + " | ".join(write(key, row[key]) for _, key in columns) + " |")
    print()


def print_ratios(rows):
    """Of the bytes of all that share, to what others take: the median model and the worst."""
    for title, part, whole in (("auto to the heap of malloc", "policy.auto", "malloc.heap"),
                               ("auto --all to the heap of malloc", "all", "malloc.heap"),
                               ("auto to ONNX Runtime", "policy.auto", "ort.bytes"),
                               ("auto --all to ONNX Runtime", "all", "ort.bytes"),
                               ("time in the pool to malloc's", "ms.pool", "ms.malloc"),
                               ("time in huge pages to malloc's", "ms.pool_huge", "ms.malloc")):
        ratios = [row[part] / row[whole] for row in rows]
        print(f"{title}: median {statistics.median(ratios):.2f}, worst {max(ratios):.2f}")


BARS = [("malloc: heap", "malloc.heap", "#b0b7c3"), ("ONNX Runtime", "ort.bytes", "#d8a657"),
        ("auto", "policy.auto", "#5b8def"), ("auto, --all", "all", "#2f5fb3")]


def picture(rows):
    """Bars of MiB, four a model."""
    height, left, width = 11, 110, 520
    most = max(row[key] for row in rows for _, key, _ in BARS)
    block = height * len(BARS) + 14
    lines = []
    for i, (title, _, colour) in enumerate(BARS):
        lines.append(f'<rect x="{left + 120 * i}" y="8" width="10" height="10" fill="{colour}"/>'
                     f'<text x="{left + 14 + 120 * i}" y="17">{title}</text>')
    for i, row in enumerate(rows):
        top = 32 + block * i
        lines.append(f'<text x="{left - 8}" y="{top + block / 2 - 4}" text-anchor="end">{row["name"]}</text>')
        for k, (_, key, colour) in enumerate(BARS):
            bar = max(1, row[key] / most * width)
            y = top + height * k
            lines.append(f'<rect x="{left}" y="{y}" width="{bar:.1f}" height="{height - 1}" fill="{colour}"/>'
                         f'<text x="{left + bar + 4:.1f}" y="{y + 9}" font-size="9">{row[key] / MIB:.1f}</text>')
    size = f'width="{left + width + 50}" height="{32 + block * len(rows)}"'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">\n'
            '<rect width="100%" height="100%" fill="#ffffff"/>\n<title>MiB of activations and scratchpads</title>\n'
            + "\n".join(lines) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--dim", action="append", default=[])
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--svg")
    parser.add_argument("--onnxruntime", metavar="OUTPUT", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.onnxruntime:
        dims = {name: int(size) for name, size in (dim.split("=") for dim in arguments.dim)}
        return run_onnxruntime(arguments.models[0], arguments.runs, arguments.onnxruntime, dims)
    rows = []
    for model in arguments.models:
        print(model, file=sys.stderr)
        rows.append(measure(arguments, model))
    for columns in (MEMORY, POLICIES):
        print_table(rows, columns, lambda key, value: f"{value / MIB:.2f}")
    print_table(rows, TIME, lambda key, value: f"{value:.1f}" if "ms" in key else f"{value:,.0f}")
    print_ratios(rows)
    if arguments.svg:
        pathlib.Path(arguments.svg).write_text(picture(rows))


if __name__ == "__main__":
    main()
