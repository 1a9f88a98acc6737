"""What is installed: stubs that are current, no numpy needed, no slow import."""

import importlib.util
import pathlib
import subprocess
import sys

import pytest

import orionrt

PACKAGE = pathlib.Path(orionrt.__file__).parent


def run(*lines):
    return subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True).stdout


def test_typed():
    assert (PACKAGE / "py.typed").exists() and (PACKAGE / "_core.pyi").exists()
    assert all(hasattr(orionrt, name) for name in orionrt.__all__)
    assert not [name for name in orionrt.__all__ if not getattr(orionrt, name).__doc__]


def test_numpy_is_not_imported_and_not_needed():
    told = run(
        "import sys",
        "import orionrt",
        "assert 'numpy' not in sys.modules and 'torch' not in sys.modules",
        "sys.modules['numpy'] = None",  # as if it were not installed
        "plan = orionrt.plan([0, 1], [2, 3], [64, 64])",
        "print(type(plan.offsets).__name__, plan.offsets.tolist(), plan.peak_bytes)",
    )
    assert told == "memoryview [0, 64] 128\n"


THEIRS = """
import onnx, onnxruntime
value = lambda name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [2, 3])
graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", [value("x")], [value("y")])
opset = onnx.helper.make_opsetid("", 17)
made = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()
onnx.checker.check_model(made)
assert onnxruntime.InferenceSession(made, providers=["CPUExecutionProvider"]).run(None, {"x": [[1.0, -1.0, 2.0]] * 2})
"""


@pytest.mark.skipif(not all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime")), reason="not installed")
def test_beside_onnx_and_onnxruntime():
    """In both orders: each brings a protobuf of its own."""
    model = pathlib.Path(__file__).parents[2] / "examples" / "models" / "mobilenet_v2.onnx"
    mine = f"import orionrt\nassert orionrt.load({str(model)!r}).plan().proven_optimal"
    both = "assert orionrt.load(made).plan().peak_bytes == 88"  # 24 bytes at 0, and 24 at 64
    run(mine, THEIRS, mine, both)
    run(THEIRS, mine, THEIRS, both)
