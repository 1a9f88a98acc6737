"""The slices that IREE packs, as the text of its stream dialect has them; and their offsets, written back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .._errors import Error
from .._planning import plan

_DUMP = "// -----// IR Dump Before "
_PACK = "stream.resource.pack"
_DEFAULT_ALIGNMENT = 64  # bytes, where the target says nothing

_FUNCTION = re.compile(r"^\s*util\.(func|initializer)\b")
_CONSTANT = re.compile(r"^\s*(%[\w$.-]+) = arith\.constant (\d+) : index$")
_HEAD = re.compile(r"^(\s*)(%[\w$.-]+):(\d+) = stream\.resource\.pack (?:on\(.*\) )?slices\(\{$")
_SLICE = re.compile(r"^\s*\[(\d+), (\d+)\] = (%[\w$.-]+),?$")
_TAIL = re.compile(r"^\s*\}\) : index$")
_ALIGNMENT = re.compile(r"min_buffer_offset_alignment = (\d+)")


@dataclass
class Pack:
    """One arena of a module: what IREE lays out at once."""

    begin: int  #: its first line in the text, from 0
    indent: str
    result: str  #: "%2": the arena's bytes are "%2#0", and "%2#1" on its offsets
    alignment: int  #: bytes
    end: int = 0  #: behind its last line
    lower: list[int] = field(default_factory=list)  #: the first step of a slice
    upper: list[int] = field(default_factory=list)  #: behind its last step
    size: list[int] = field(default_factory=list)  #: bytes
    offsets: list[int] = field(default_factory=list)  #: of whoever planned it
    peak_bytes: int = 0
    lower_bound_bytes: int = 0
    dynamic: bool = False  #: a size is known at run time only: IREE lays this one out

    def plan(self) -> None:
        """Gives the slices offsets, and the arena its bytes, of which IREE wants whole multiples of the alignment."""
        made = plan(self.lower, self.upper, self.size, self.alignment)
        self.offsets = [int(offset) for offset in made.offsets]
        self.peak_bytes = -(-made.peak_bytes // self.alignment) * self.alignment
        self.lower_bound_bytes = made.lower_bound_bytes


def packed_module(dumps: Iterable[str]) -> str:
    """Of what IREE prints, a module a pass: the first module that has slices to lay out; "" where none has.

    Reads no further than that one. What IREE says between modules is left out.
    """
    module: list[str] = []
    packed = whole = False
    for line in dumps:
        if line.startswith(_DUMP):
            if packed:
                break
            module, whole = [], False
        elif not whole or line.startswith("{-#") or (module and module[-1] != "}\n"):
            module.append(line)
            packed = packed or _PACK in line
            whole = whole or line == "}\n"
    return "".join(module) if packed else ""


def read_packs(text: str) -> list[Pack]:
    """Every pack of a module, in the order of the text. Raises Error ("unsupported") for text of another form."""
    found = _ALIGNMENT.findall(text)
    alignment = max(map(int, found), default=_DEFAULT_ALIGNMENT)
    packs: list[Pack] = []
    constants: dict[str, int] = {}
    lines = enumerate(text.split("\n"))
    for number, line in lines:
        if _FUNCTION.match(line):
            constants = {}
        elif constant := _CONSTANT.match(line):
            constants[constant[1]] = int(constant[2])
        elif _PACK in line:
            head = _HEAD.match(line)
            if head is None:
                raise _not_understood(number, line, "`%0:3 = stream.resource.pack slices({`")
            packs.append(Pack(number, head[1], head[2], alignment))
            _read_slices(packs[-1], lines, constants)
            if len(packs[-1].size) + 1 != int(head[3]):
                raise _not_understood(number, line, "one result more than it has slices")
    return packs


def _read_slices(pack: Pack, lines: Iterator[tuple[int, str]], constants: dict[str, int]) -> None:
    for number, line in lines:
        if _TAIL.match(line):
            pack.end = number + 1
            return
        row = _SLICE.match(line)
        if row is None:
            raise _not_understood(number, line, "`[0, 2] = %c64,` or `}) : index`")
        pack.lower.append(int(row[1]))
        pack.upper.append(int(row[2]) + 1)
        pack.size.append(constants.get(row[3], 0))
        pack.dynamic = pack.dynamic or row[3] not in constants
    raise _not_understood(pack.begin, "the end of the text", "`}) : index`")


def write_back(text: str, packs: Iterable[Pack]) -> str:
    """The module with constants in the place of all packs that are planned."""
    lines = text.split("\n")
    ends = [number for number, line in enumerate(lines) if _FUNCTION.match(line)] + [len(lines)]
    for number, pack in enumerate(packs):
        if not pack.offsets:
            continue
        values = [pack.peak_bytes, *pack.offsets]
        made = [f"{pack.indent}%orionrt_{number}_{i} = arith.constant {v} : index" for i, v in enumerate(values)]
        rest = next(end for end in ends if end > pack.begin)
        used = re.compile(re.escape(pack.result) + r"#(\d+)\b")
        for i in range(pack.end, rest):
            lines[i] = used.sub(rf"%orionrt_{number}_\1", lines[i])
        lines[pack.begin] = "\n".join(made)
        lines[pack.begin + 1 : pack.end] = [""] * (pack.end - pack.begin - 1)
    return "\n".join(lines)


def _not_understood(number: int, line: str, expected: str) -> Error:
    return Error(
        f'iree: line {number + 1} of the module that IREE printed is "{line.strip()[:200]}"; expected {expected}, as '
        "IREE 3.13 writes it; pip install iree-base-compiler==3.13.*",
        "unsupported",
    )
