"""What is installed: stubs that are current, no numpy needed, no slow import."""

import importlib.util
import pathlib
import subprocess
import sys

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


def test_beside_onnx_and_onnxruntime():
    """In both orders; each brings a protobuf of its own."""
    others = [name for name in ("onnx", "onnxruntime") if importlib.util.find_spec(name)]
    model = pathlib.Path(__file__).parents[2] / "examples" / "models" / "mobilenet_v2.onnx"
    mine = [
        "import orionrt",
        f"assert orionrt.load({str(model)!r}).plan().proven_optimal",
    ]
    theirs = [f"import {name}" for name in others]
    if "onnx" in others:
        theirs.append(f"assert onnx.load({str(model)!r}).graph.node")
    if "onnxruntime" in others:
        theirs.append(f"onnxruntime.InferenceSession({str(model)!r}, providers=['CPUExecutionProvider'])")
    run(*mine, *theirs, *mine)
    run(*theirs, *mine, *theirs)
