"""IREE, untouched, with arenas that OrionRT has planned.

    python -m orionrt.integrations.iree model.mlir -o model.vmfb -- --iree-hal-target-device=local ...

What stands behind ``--`` goes to iree-compile. IREE compiles as far as the slices of its arenas; their offsets come
from OrionRT; iree-opt runs the rest of that phase, and iree-compile goes on behind it. Needs ``iree-base-compiler``
3.13, whose text is what is read here.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from .._errors import Error
from ._slices import Pack, packed_module, read_packs, write_back

#: What IREE 3.13 runs between laying out slices and the end of the stream phase.
REST_OF_PHASE = ",".join(
    [
        "util.func(iree-stream-layout-slices)",  # what is not planned here
        "util.initializer(iree-stream-layout-slices)",
        "iree-util-propagate-subranges",
        "iree-stream-cleanup-pipeline",
        "iree-stream-automatic-reference-counting",
        "iree-stream-annotate-constant-transient-size",
        "iree-stream-verify-lowering-to-cmd",
        "iree-stream-optimization-pipeline",
        "symbol-dce",
    ]
)
_UNTIL_SLICES = [
    "--compile-to=stream",
    "--mlir-disable-threading",
    "--mlir-print-ir-before=iree-stream-layout-slices",
    "--mlir-print-ir-module-scope",
]


def compile_module(
    source: str | os.PathLike[str], output: str | os.PathLike[str], flags: Sequence[str] = (), *, planned: bool = True
) -> list[Pack]:
    """Compiles a module as iree-compile does with these flags, and gives its arenas as they were planned.

    planned: False compiles in the same steps, with IREE's own layout, to compare. The output is written whole, or not
    at all.

    Raises Error: "misuse" where IREE's tools are not installed, "bad_input" with what they say of the source,
    "unsupported" for text that is not that of IREE 3.13.
    """
    target = pathlib.Path(output)
    with tempfile.TemporaryDirectory(prefix=".orionrt-", dir=target.parent) as folder:
        made = pathlib.Path(folder) / "made"
        phase, packs = stream_phase(source, flags, folder, planned=planned)
        begin = ["--compile-from=stream", str(phase)] if packs else [os.fspath(source)]
        _run([_tool("iree-compile"), *begin, *flags, "-o", str(made)])
        os.replace(made, target)
    return packs


def stream_phase(
    source: str | os.PathLike[str], flags: Sequence[str], folder: str | os.PathLike[str], *, planned: bool = True
) -> tuple[pathlib.Path, list[Pack]]:
    """The first half of compile_module: a file in `folder` with the module at the end of IREE's stream phase.

    No packs: it has nothing to lay out, or iree-compile has something to say of the source, and there is no file.
    """
    slices, phase = pathlib.Path(folder) / "slices.mlir", pathlib.Path(folder) / "stream.mlir"
    text = _until_slices(os.fspath(source), flags)
    packs = read_packs(text)
    if packs:
        for pack in packs:
            if planned and not pack.dynamic:
                pack.plan()
        slices.write_text(write_back(text, packs))
        _run([_tool("iree-opt"), str(slices), f"--pass-pipeline=builtin.module({REST_OF_PHASE})", "-o", str(phase)])
    return phase, packs


def _until_slices(source: str, flags: Sequence[str]) -> str:
    """The module before its slices are laid out; "" where there are none, or the source is at fault."""
    command = [_tool("iree-compile"), source, *flags, *_UNTIL_SLICES, "-o", os.devnull]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        assert process.stderr is not None
        text = packed_module(process.stderr)
        process.kill()  # what is wanted is there
    return text


def _run(command: list[str]) -> None:
    run = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace")
    if run.returncode != 0:
        raise Error(f"iree: {pathlib.Path(command[0]).name}: {run.stderr.strip()[-2000:]}", "bad_input")


def _tool(name: str) -> str:
    """Beside this interpreter, or on the path."""
    beside = pathlib.Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise Error(f"iree: there is no {name}; pip install iree-base-compiler==3.13.*", "misuse")
    return found


def _described(pack: Pack) -> str:
    if pack.dynamic:
        return f"{len(pack.size)} slices, sizes known at run time: laid out by IREE"
    return f"{len(pack.size)} slices in {pack.peak_bytes} bytes, lower bound {pack.lower_bound_bytes}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m orionrt.integrations.iree",
        description=(__doc__ or "").split("\n")[0])
    parser.add_argument("source", help="what iree-compile reads: model.mlir")
    parser.add_argument("-o", "--output", required=True, help="the compiled module: model.vmfb")
    parser.add_argument("--not-planned", action="store_true", help="the same steps with IREE's own layout, to compare")
    parser.epilog = "What stands behind -- goes to iree-compile: the target above all."
    given = list(sys.argv[1:] if arguments is None else arguments)
    end = given.index("--") if "--" in given else len(given)
    options = parser.parse_args(given[:end])
    try:
        packs = compile_module(options.source, options.output, given[end + 1 :], planned=not options.not_planned)
    except Error as error:
        print(error, file=sys.stderr)
        return 3 if error.code in ("bad_input", "unsupported") else 2
    for pack in packs if not options.not_planned else ():
        print(_described(pack))
    return 0


if __name__ == "__main__":
    sys.exit(main())
