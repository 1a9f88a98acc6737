#!/usr/bin/env python3
"""Measures whole runs of `orionrt` on large inputs: processor time of the process, reading and writing included.

measure_formats.py ORIONRT [RUNS]

An ONNX model of 4,000 nodes, a CSV and an orionrt.graph/1 of 10^6 rows are made in a temporary folder. Prints the
median of RUNS (5).
"""
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, data):
    """One field of a protobuf message: whole numbers as they are, text and messages with their length."""
    if isinstance(data, int):
        return varint(number << 3) + varint(data)
    data = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(data)) + data


def value_info(name, dims):
    shape = b"".join(field(1, field(1, dim)) for dim in dims)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))  # element type 1: float


def make_onnx(path, nodes):
    """A chain of residual blocks: every fourth node adds what entered the block."""
    graph = b""
    for i in range(nodes):
        inputs = [f"t{i}", f"t{i - 3}"] if i % 4 == 3 else [f"t{i}"]
        node = b"".join(field(1, name) for name in inputs) + field(2, f"t{i + 1}")
        graph += field(1, node + field(3, f"n{i}") + field(4, "Add" if i % 4 == 3 else "Relu"))
    graph += field(2, "chain") + field(11, value_info("t0", [1, 64, 56, 56]))
    graph += field(12, value_info(f"t{nodes}", [1, 64, 56, 56]))
    path.write_bytes(field(1, 8) + field(7, graph) + field(8, field(2, 17)))


def make_csv(path, rows):
    lines = (f"{i},{i // 2},{i // 2 + 1 + i * 7919 % 50},{64 + i * 104729 % 4096}" for i in range(rows))
    path.write_text("id,lower,upper,size\n" + "\n".join(lines) + "\n")


def make_graph(path, ops):
    tensors = [{"id": i, "bytes": 64 + i * 104729 % 4096} for i in range(ops)]
    chain = [{"inputs": [i - 1] if i else [], "outputs": [i]} for i in range(ops)]
    path.write_text(json.dumps({"schema": "orionrt.graph/1", "tensors": tensors, "ops": chain}))


def seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    runs = int(sys.argv[2]) if len(sys.argv) == 3 else 5
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        cases = [("onnx, 4,000 nodes", "m.onnx", make_onnx, 4000), ("csv, 10^6 rows", "p.csv", make_csv, 10**6),
                 ("graph json, 10^6 tensors", "g.json", make_graph, 10**6)]
        for label, file, make, size in cases:
            make(folder / file, size)
            for verb in (["convert"], ["plan", "--policy", "first_fit", "--format", "csv"]):
                command = [sys.argv[1], verb[0], str(folder / file), *verb[1:], "-o", str(folder / "out.csv")]
                median = statistics.median(seconds(command) for _ in range(runs))
                print(f"{label:26} {' '.join(verb[:1] + verb[2:3]):18} {median * 1000:8.0f} ms")


main()
