"""The text of IREE's stream dialect, by hand: read, planned, written back. Runs without IREE."""

import pytest

from orionrt import Error
from orionrt.integrations import iree
from orionrt.integrations._slices import packed_module, read_packs, write_back

MODULE = """\
#device = #hal.device.target<"local"> : !hal.device
module {
  util.initializer {
    %c64 = arith.constant 128 : index
    %1:2 = stream.resource.pack slices({
      [0, 1] = %c64
    }) : index
    util.global.store %1#0, @x : index
  }
  util.func public @main(%arg0: !hal.buffer_view) -> !hal.buffer_view {
    %c64 = arith.constant 64 : index
    %c128 = arith.constant 128 : index
    %1:4 = stream.resource.pack on(#hal.device.affinity<@d>) slices({
      [0, 2] = %c64,
      [1, 3] = %c128,
      [3, 4] = %c64
    }) : index
    %r, %t = stream.resource.alloca : !stream.resource<transient>{%1#0} => !stream.timepoint
    stream.cmd.fill %r[%1#1 for %c64], %r[%1#2 for %c128], %r[%1#3 for %c64], %11#1
    %2:2 = stream.resource.pack slices({
      [0, 0] = %arg1
    }) : index
  }
}
"""
DUMP = "// -----// IR Dump Before LayoutSlicesPass: iree-stream-layout-slices //----- //\n"


def test_slices_are_read_with_the_constants_of_their_function():
    first, second, third = read_packs(MODULE)
    assert (first.size, second.size, third.dynamic) == ([128], [64, 128, 64], True)
    assert (second.lower, second.upper, second.alignment) == ([0, 1, 3], [3, 4, 5], 64)
    assert read_packs("min_buffer_offset_alignment = 256\n" + MODULE)[0].alignment == 256


def test_offsets_are_written_back_and_dynamic_ones_left():
    packs = read_packs(MODULE)
    for pack in packs[:2]:
        pack.plan()
    assert [pack.peak_bytes for pack in packs] == [128, 192, 0]
    text = write_back(MODULE, packs)
    assert "%orionrt_1_0 = arith.constant 192 : index" in text
    assert "%r[%orionrt_1_1 for %c64], %r[%orionrt_1_2 for %c128], %r[%orionrt_1_3 for %c64], %11#1" in text
    assert "util.global.store %orionrt_0_0, @x" in text
    assert text.count("stream.resource.pack") == 1 and "[0, 0] = %arg1" in text
    first, second, last = packs[1].offsets
    assert second >= first + 64 or first >= second + 128, "alive together"
    assert second >= last + 64 or last >= second + 128, "alive together"
    assert write_back(MODULE, read_packs(MODULE)) == MODULE, "nothing planned, nothing written"


def test_the_first_module_with_slices_is_taken_and_no_more_is_read():
    plain = "module {\n}\n"
    resources = "{-#\n  dialect_resources: {\n  }\n#-}\n"

    def lines():
        yield from (DUMP + plain + "m.mlir:3: warning: of no module\n" + DUMP + MODULE + resources).splitlines(True)
        yield DUMP
        raise AssertionError("reads on")

    assert packed_module(lines()) == MODULE + resources
    assert packed_module(iter((DUMP + plain).splitlines(True))) == ""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("slices({\n      [0, 2]", "lifetimes({\n      [0, 2]", "slices({"),
        ("[1, 3] = %c128", "[1 to 3] = %c128", "[0, 2] = %c64"),
        ("%1:4 =", "%1:3 =", "one result more"),
        (MODULE[MODULE.rindex("    }) : index") :], "", "}) : index"),
    ],
)
def test_other_text_is_refused_with_what_was_expected(old, new, told):
    with pytest.raises(Error) as error:
        read_packs(MODULE.replace(old, new))
    assert error.value.code == "unsupported" and told in str(error.value) and "3.13" in str(error.value)


def fake_tools(folder, monkeypatch, dump, compiles):
    """iree-compile that prints a dump, and makes a module or not; iree-opt that copies."""
    said = folder / "dump"
    said.write_text(dump)
    (folder / "iree-compile").write_text(
        f'#!/bin/sh\ncase "$*" in *--compile-to=stream*) cat {said} >&2; exit 0;; esac\n'
        f'for out; do :; done\necho half > "$out"\n{"exit 0" if compiles else "echo no such target >&2; exit 1"}\n'
    )
    (folder / "iree-opt").write_text('#!/bin/sh\ncp "$1" "$4"\n')
    for tool in ("iree-compile", "iree-opt"):
        (folder / tool).chmod(0o755)
    monkeypatch.setattr(iree.sys, "executable", str(folder / "python"))


def test_the_output_is_whole_or_not_there(tmp_path, monkeypatch, capsys):
    out = tmp_path / "m.vmfb"
    fake_tools(tmp_path, monkeypatch, DUMP + MODULE, compiles=True)
    assert iree.main(["m.mlir", "-o", str(out), "--", "--target"]) == 0
    assert out.read_text() == "half\n" and "3 slices in 192 bytes, lower bound 192" in capsys.readouterr().out
    out.unlink()
    fake_tools(tmp_path, monkeypatch, DUMP + MODULE, compiles=False)
    assert iree.main(["m.mlir", "-o", str(out)]) == 3 and "no such target" in capsys.readouterr().err
    fake_tools(tmp_path, monkeypatch, DUMP + MODULE.replace("] = %", "] := %"), compiles=True)
    assert iree.main(["m.mlir", "-o", str(out)]) == 3 and "expected" in capsys.readouterr().err
    assert not out.exists() and not list(tmp_path.glob(".orionrt-*"))


def test_without_the_tools(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(iree.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert iree.main(["m.mlir", "-o", str(tmp_path / "m.vmfb")]) == 2
    assert "pip install iree-base-compiler==3.13" in capsys.readouterr().err
