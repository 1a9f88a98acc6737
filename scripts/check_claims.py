#!/usr/bin/env python3
"""Runs the elementwise ops of the op table on onnxruntime with one buffer for input and output.

Usage: check_claims.py [--all-activations]

Each row of src/graph/op_table.cpp that says kOnnxRuntime must compute the same bits in place as
into a buffer of its own, over every input that has the output's shape. Needs the packages
onnxruntime, onnx and numpy. Exit code 1 where a row breaks its claim, 77 without the packages.
With --all-activations it also tells of ops that the table does not claim.
"""

import pathlib
import re
import sys

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
    from onnx import TensorProto, helper
except ImportError as error:
    print(f"left out: {error}")
    sys.exit(77)

TABLE = pathlib.Path(__file__).resolve().parent.parent / "src" / "graph" / "op_table.cpp"
ELEMENTS = 64000  # enough for kernels to go parallel
OPSET = 21

# (name, domain, attributes) of ops that the table leaves out on purpose
LEFT_OUT = [
    ("Gelu", "", {"approximate": "tanh"}),
    ("Gelu", "", {"approximate": "none"}),
    ("Gelu", "com.microsoft", {}),
    ("FastGelu", "com.microsoft", {}),
    ("QuickGelu", "com.microsoft", {"alpha": 1.702}),
    ("Mish", "", {}),
    ("HardSwish", "", {}),
    ("Celu", "", {"alpha": 1.5}),
]
ATTRIBUTES = {"BitShift": {"direction": "LEFT"}, "Cast": {"to": TensorProto.INT32}}
BOOLS = {"Not", "And", "Or", "Xor"}
WHOLE = {"BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "Mod"}
CONSTANTS = {
    "Clip": [np.float32(-0.5), np.float32(0.5)],
    "BatchNormalization": [np.full(20, v, np.float32) for v in (1.5, 0.25, 0.1, 2.0)],
}


def values(op, seed):
    random = np.random.default_rng(seed)
    shape = (2, 20, ELEMENTS // 40)
    if op in BOOLS:
        return random.integers(0, 2, shape).astype(bool)
    if op in WHOLE:
        return random.integers(1, 31, shape).astype(np.uint32)
    low = 1.0 if op == "Acosh" else 0.01
    high = 3.0 if op == "Acosh" else 0.99
    return random.uniform(low, high, shape).astype(np.float32)


def session_of(op, domain, attributes, operands):
    names = [f"x{i}" for i in range(len(operands))]
    dtype = helper.np_dtype_to_tensor_dtype(operands[0].dtype)
    constants = [onnx.numpy_helper.from_array(v, f"c{i}") for i, v in enumerate(CONSTANTS.get(op, []))]
    node = helper.make_node(op, names + [c.name for c in constants], ["y"], domain=domain, **attributes)
    made = attributes.get("to", dtype)
    shape = list(operands[0].shape)
    graph = helper.make_graph(
        [node],
        op,
        [helper.make_tensor_value_info(name, dtype, shape) for name in names],
        [helper.make_tensor_value_info("y", made, shape)],
        constants,
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def in_place(session, operands, over, wanted):
    """What the op writes over operand `over`."""
    binding = session.io_binding()
    buffers = [v.copy() for v in operands]
    for i, buffer in enumerate(buffers):
        binding.bind_input(f"x{i}", "cpu", 0, buffer.dtype, buffer.shape, buffer.ctypes.data)
    target = buffers[over].ctypes.data
    binding.bind_output("y", "cpu", 0, wanted.dtype, wanted.shape, target)
    session.run_with_iobinding(binding)
    return buffers[over].view(wanted.dtype).reshape(wanted.shape)


def wrong_elements(op, domain, attributes, inputs):
    operands = [values(op, 7 + i) for i in range(inputs)]
    session = session_of(op, domain, attributes, operands)
    wanted = session.run(None, {f"x{i}": v for i, v in enumerate(operands)})[0]
    worst = 0
    for over in range(inputs):
        for _ in range(3):  # threads take turns differently
            got = in_place(session, operands, over, wanted)
            worst = max(worst, int(np.count_nonzero(got.view(np.uint8) != wanted.view(np.uint8))))
    return worst


def rows():
    table = TABLE.read_text()
    return [(op, int(n)) for op, n in re.findall(r'\{"(\w+)", (\d), kOnnxRuntime\}', table)]


def main():
    claimed = rows()
    if not claimed:
        print(f"{TABLE}: has no row that says kOnnxRuntime")
        return 1
    broken = 0
    for op, inputs in claimed:
        try:
            wrong = wrong_elements(op, "", ATTRIBUTES.get(op, {}), inputs)
        except Exception as error:  # a kernel that this version lacks
            print(f"{op}: not run: {str(error).splitlines()[0][:150]}")
            broken += 1
            continue
        if wrong:
            print(f"{op}: {wrong} bytes differ in place")
            broken += 1
    print(f"onnxruntime {ort.__version__}: {len(claimed) - broken} of {len(claimed)} rows hold")
    if "--all-activations" in sys.argv:
        for op, domain, attributes in LEFT_OUT:
            print(f"left out: {domain}:{op} {attributes}: {wrong_elements(op, domain, attributes, 1)} bytes differ")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
