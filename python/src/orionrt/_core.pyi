"""The compiled half of orionrt; import orionrt instead."""

from collections.abc import Mapping, Sequence
import os
from typing import NoReturn, SupportsIndex, overload

import orionrt._types


version: str = '0.1.0'

class Space:
    """
    A memory space with addresses of its own: SRAM, DRAM, the memory of another device.
    """

    def __init__(self, name: str, capacity: int | None = None, *, alignment: int = 1, granularity: int = 1, largest: int | None = None, cost: int | None = None) -> None:
        """
        ``capacity``, ``alignment``, ``granularity`` and ``largest`` are bytes; None: without a limit. ``cost`` is
        that of reading or writing one byte, in any unit; None: the position in the table of spaces. What is
        wrong with them is said when a problem takes them.
        """

    @property
    def name(self) -> str: ...

    @property
    def capacity(self) -> int | None: ...

    @property
    def alignment(self) -> int: ...

    @property
    def granularity(self) -> int: ...

    @property
    def largest(self) -> int | None: ...

    @property
    def cost(self) -> int | None: ...

    def __repr__(self) -> str: ...

class Problem:
    """
    What is to be placed: buffers, each alive during steps ``[lower, upper)`` with ``size`` bytes.

    Immutable. ``len()`` is the number of buffers.
    """

    def __init__(self, lower: orionrt._types.Ints, upper: orionrt._types.Ints, size: orionrt._types.Ints, alignment: int | orionrt._types.Ints = 64, *, fixed: orionrt._types.Places | None = None, ids: Sequence[str] | None = None, names: Sequence[str] | None = None, spaces: orionrt._types.Spaces | None = None, allowed: Sequence[Sequence[str]] | None = None, uses: orionrt._types.Ints | None = None, apart: Sequence[tuple[int, int]] = []) -> None:
        """
        Arguments have one row a buffer: lists, or arrays of any integer type.

        lower, upper: steps, half-open; or clocks, two-dimensional, one column a stream.
        size: bytes. alignment: bytes, powers of two; one for all, or one each.
        fixed: offsets in bytes that stand; -1, or None in a list, where the planner chooses.
        ids (unique), names: for files and messages.
        spaces: the table of memory spaces, a list of Space or a dict of capacities; allowed: per buffer the names
        of those it may live in, the best first (none: all); uses: how often ops read or write it.
        apart: pairs of buffers that share no byte whatever their lives are.

        Raises Error ("bad_input") that names the argument and the row, or the buffer.
        """

    def __len__(self) -> int: ...

    @property
    def lower(self) -> orionrt._types.Array:
        """
        First step at which each buffer is alive, int64; clocks: buffers x streams.
        """

    @property
    def upper(self) -> orionrt._types.Array:
        """
        First step at which each no longer is, int64; clocks: buffers x streams.
        """

    @property
    def size(self) -> orionrt._types.Array:
        """Bytes of each buffer, int64."""

    @property
    def alignment(self) -> orionrt._types.Array:
        """Bytes, of each buffer, int64."""

    @property
    def fixed(self) -> orionrt._types.Array:
        """The offset of each in bytes, int64; -1: free."""

    @property
    def ids(self) -> list[str]:
        """The id of each buffer, as files and messages have it."""

    @property
    def names(self) -> list[str]:
        """Their names; empty: none."""

    @property
    def spaces(self) -> list[Space]:
        """The table of memory spaces."""

    @property
    def source(self) -> str:
        """Where it comes from."""

    @property
    def lower_bound_bytes(self) -> int:
        """Bytes that no plan goes below, without search."""

    def plan(self, policy: orionrt._types.PolicyLike = 'auto', *, alignment: int | None = None, effort: orionrt._types.Effort = 'balanced', capacity: int | None = None, time_limit: float | None = None, progress: orionrt._types.Follower | None = None) -> Plan:
        """
        Places every buffer; see orionrt.plan. ``alignment``: the least that any gets, in bytes; None: as it is.
        """

    def __getstate__(self) -> str: ...

    def __setstate__(self, arg: str, /) -> None: ...

    def __repr__(self) -> str: ...

class Plan:
    """
    Where every buffer goes, and how good that is. Immutable; pickles and copies.
    """

    @property
    def offsets(self) -> orionrt._types.Array:
        """
        Bytes from the first of its space, one a buffer: int64, read-only, not copied; the array keeps the
        plan alive.
        """

    @property
    def space_of(self) -> orionrt._types.Array:
        """
        The index of the space that each buffer lies in, int64; all 0 without a table of spaces.
        """

    @property
    def peak_bytes(self) -> int:
        """The most of offset + size; of several spaces, the sum of their peaks."""

    @property
    def peak_nested_bytes(self) -> int:
        """What the bodies of control-flow ops need on top of it, in bytes."""

    @property
    def lower_bound_bytes(self) -> int:
        """Bytes that no plan of this problem goes below."""

    @property
    def proven_optimal(self) -> bool:
        """Whether the peak is the lower bound."""

    @property
    def bound_kind(self) -> str:
        """Why: "live_bytes", "fixed_offset", "refutation" or "buffer_size"."""

    @property
    def witness(self) -> list[int]:
        """Indices of the buffers that force the bound, ascending."""

    @property
    def interrupted(self) -> bool:
        """Whether progress, or Ctrl-C, stopped planning before it was done."""

    @property
    def policy(self) -> str:
        """"auto:first_fit"."""

    @property
    def alignment(self) -> int:
        """Bytes: the least of any buffer."""

    @property
    def problem(self) -> Problem:
        """What was planned."""

    @property
    def assignment(self) -> Assignment:
        """
        Of the plan of a Graph: all that a run needs. Raises Error ("misuse") for lifetimes alone.
        """

    def metrics(self, space: int = 0) -> dict[str, int]:
        """Figures of one space: padding, fragmentation, utilisation, in bytes."""

    def explain(self) -> str:
        """
        In words: what forces the peak, who is alive there, what is proven, and what would lower it. Each change is
        made and the result planned, so this takes longer than the plan.
        """

    def write(self, format: str = 'json') -> bytes:
        """
        As bytes: json, csv, text, html, svg, c-header, bin, trace (Perfetto), snapshot (PyTorch).
        """

    def save(self, path: str | os.PathLike[str], format: str | None = None) -> None:
        """
        Into a file, by its suffix (.json .csv .txt .html .svg .h .bin .trace.json .pickle) unless a format is given.
        Raises Error ("misuse") where it cannot be written.
        """

    def __len__(self) -> int: ...

    def __getstate__(self) -> str: ...

    def __setstate__(self, arg: str, /) -> None: ...

    def __repr__(self) -> str: ...

    def __str__(self) -> str: ...

class Assignment:
    """
    Which bytes each tensor of one graph has, and in which order its ops run: all that a run needs. Immutable.
    """

    @staticmethod
    def read(path: str | os.PathLike[str]) -> Assignment:
        """
        From a plan of a graph, in JSON or, by the suffix .bin, in binary. Raises Error ("bad_input") with the place in
        the file.
        """

    def save(self, path: str | os.PathLike[str]) -> None:
        """
        As a plan in JSON or, by the suffix .bin, in binary; whole: the old file stands, or the new one.
        """

    def plan(self, graph: Graph) -> Plan:
        """
        The plan that it amounts to, for one that was read from a binary file: with lifetimes, the bound that is known
        without search, reports and differences. Raises Error ("bad_input") for an assignment of another graph, or for a
        wrong one.
        """

    @property
    def graph_id(self) -> int:
        """
        Identifies the graph, whatever order its tensors and ops are listed in.
        """

    @property
    def order(self) -> list[int]:
        """Ids of all ops, as they run."""

    @property
    def vanished(self) -> list[int]:
        """Ids of ops with nothing left to do: they may be left out."""

    @property
    def in_place(self) -> list[tuple[int, int, int]]:
        """(op, output, input), ids: outputs that begin in the bytes of an input."""

    @property
    def tensors(self) -> dict[int, tuple[int, int, int]]:
        """
        By id of the tensor (space, offset, bytes). Space -1: bytes that whoever runs the graph holds.
        """

    @property
    def workspaces(self) -> dict[int, tuple[int, int, int]]:
        """By id of the op (space, offset, bytes) of its scratch."""

    @property
    def required_bytes(self) -> list[int]:
        """Per space what its arena needs, in bytes, exactly."""

    @property
    def base_alignment(self) -> list[int]:
        """Per space the alignment of its arena's first byte, in bytes."""

    @property
    def policy(self) -> str: ...

    def __getstate__(self) -> str | bytes: ...

    def __setstate__(self, state: str | bytes, /) -> None: ...

    def __repr__(self) -> str: ...

class Progress:
    """How far planning is."""

    @property
    def peak_bytes(self) -> int:
        """Of the best plan so far; 0: there is none yet."""

    @property
    def lower_bound_bytes(self) -> int:
        """No plan is lower; 0: not known yet."""

    @property
    def stage(self) -> str:
        """What is being tried: a policy."""

    @property
    def work(self) -> int:
        """Done so far: entries looked at, about a nanosecond each."""

    @property
    def work_budget(self) -> int:
        """What may be done in all, about; 0: not known."""

def policies() -> dict[str, str]:
    """The policies there are, by name, with one line of help each."""

class Op:
    """An op of a Graph, as it is."""

    @property
    def id(self) -> int: ...

    @property
    def type(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def inputs(self) -> list[int]:
        """Ids of tensors."""

    @property
    def outputs(self) -> list[int]:
        """Ids of tensors."""

    @property
    def workspace(self) -> int:
        """Bytes of scratch."""

    @property
    def stream(self) -> int: ...

    @property
    def waits(self) -> list[int]:
        """Ids of ops of other streams that have ended before."""

    def __repr__(self) -> str: ...

class Tensor:
    """A tensor of a Graph, as it is."""

    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def bytes(self) -> int: ...

    @property
    def shape(self) -> list[int]: ...

    @property
    def dtype(self) -> str: ...

    def __repr__(self) -> str: ...

class Graph:
    """
    Ops in execution order and the tensors they read and write. Built by calls, which give the ids:

        graph = orionrt.Graph()
        x = graph.tensor(shape=(1, 64), dtype="float32", name="x", roles=["input"])
        y = graph.tensor(1024, name="y", roles=["output"])
        graph.op("MatMul", [x], [y])

    It is judged when it is planned: Error ("bad_input") names the op and the tensor.
    """

    def __init__(self) -> None: ...

    def tensor(self, bytes: int | None = None, *, name: str = '', shape: Sequence[int] | None = None, dtype: str = '', roles: Sequence[str] = [], alignment: int = 0, view_of: int | None = None, view_offset: int = 0, spaces: Sequence[str] = []) -> int:
        """
        Adds a tensor and gives its id. Its bytes, or its shape and dtype ("float32").

        roles: "input" (given from outside: alive from the first step), "output" (read from outside: to the last),
        "state" (kept from run to run). alignment: bytes; 0: that of whoever plans. view_of: it is the bytes of that
        tensor from view_offset on. spaces: names of those it may live in, the best first.
        """

    def op(self, type: str, inputs: Sequence[int], outputs: Sequence[int], *, name: str = '', workspace: int = 0, workspace_alignment: int = 0, stream: int = 0, waits: Sequence[int] = [], after: Sequence[int] = [], has_effects: bool = False, aliases: Sequence[tuple[str, int, int, int]] = []) -> int:
        """
        Adds an op behind those before, and gives its id. inputs, outputs: ids of tensors.

        workspace: bytes of scratch while it runs. stream, waits: where it runs, and ids of ops of other streams that
        have ended before. after: ids of ops that run earlier in any order. aliases: what may share bytes, as
        (kind, position in outputs, position in inputs, offset in bytes); kinds: view, piece, same_index, streaming,
        reads_first.
        """

    def plan(self, policy: orionrt._types.PolicyLike = 'auto', *, alignment: int | None = None, spaces: orionrt._types.Spaces | None = None, views: bool | None = None, colocate: bool | None = None, in_place: bool | None = None, reorder: bool | None = None, effort: orionrt._types.Effort = 'balanced', capacity: int | None = None, time_limit: float | None = None, progress: orionrt._types.Follower | None = None) -> Plan:
        """
        Places every tensor; see orionrt.plan. ``views``, ``colocate``, ``in_place``, ``reorder``: what tensors may
        share, and the ops' order (None: as loaded, else off).
        """

    def problem(self, *, alignment: int | None = None, spaces: orionrt._types.Spaces | None = None, views: bool | None = None, colocate: bool | None = None, in_place: bool | None = None, reorder: bool | None = None) -> Problem:
        """The lifetimes, unplanned."""

    @property
    def graph_id(self) -> int:
        """Identifies it, whatever order tensors and ops are listed in."""

    def on_streams(self, streams: int) -> Graph:
        """
        The same ops with their branches on at most so many streams (1 to 64), and the waits that they then need.
        Raises Error ("misuse") for a graph that has streams of its own.
        """

    @property
    def ops(self) -> list[Op]:
        """The ops, in execution order."""

    @property
    def tensors(self) -> list[Tensor]:
        """The tensors, as they were added or read."""

    @property
    def weight_bytes(self) -> int | None:
        """
        Of a model: the bytes of its constants at run time, which no plan places.
        """

    @property
    def warnings(self) -> list[str]:
        """Of reading a model; one line each."""

    @property
    def source(self) -> str:
        """Where it comes from."""

    def to_json(self) -> str:
        """As orionrt.graph/1."""

    def __getstate__(self) -> tuple[str, str, int]: ...

    def __setstate__(self, arg: tuple[str, str, int], /) -> None: ...

    def __len__(self) -> int: ...

    def __repr__(self) -> str: ...

def load(path: str | None, bytes: bytes, format: str, dims: Mapping[str, int], inputs: Mapping[str, Sequence[int]], shapes: Mapping[str, Sequence[int]], trust_shapes: bool, data_folder: str, external: Sequence[str], assume_in_place: Sequence[str], op_rules: Sequence[tuple[str, str | None]], fold_constants: bool, fold_shapes: bool, views: bool, colocate: bool, in_place: bool, reorder: bool, ignore_offsets: bool) -> Graph | Problem | Plan: ...

class Fault:
    """What is wrong with a plan."""

    @property
    def message(self) -> str:
        """All of it in words."""

    @property
    def first(self) -> int:
        """Index of the buffer at fault, or -1."""

    @property
    def second(self) -> int:
        """Of an overlap the other buffer, or -1."""

    @property
    def step(self) -> int:
        """Of an overlap: a step at which both are alive; -1: of no step."""

    @property
    def op_id(self) -> int:
        """Of an assignment: the op that would read or hold wrong bytes, or -1."""

    @property
    def tensor_id(self) -> int:
        """Of an assignment: the tensor at fault, or -1."""

    @property
    def other_id(self) -> int:
        """Of an assignment: the tensor whose bytes those are, or -1."""

    def __str__(self) -> str: ...

    def __repr__(self) -> str: ...

@overload
def check(plan: Plan) -> Fault | None: ...

@overload
def check(plan: Plan, given: Problem) -> Fault | None: ...

@overload
def check(plan: Plan, given: Graph) -> Fault | None: ...

@overload
def check(plan: Assignment, given: Graph) -> Fault | None: ...

def check_offsets(problem: Problem, offsets: object) -> Fault | None: ...

class Diff:
    """What moved the peak from one plan to another. ``str()`` describes it."""

    @property
    def growth_bytes(self) -> int:
        """What an arena needs more, bodies included."""

    @property
    def packing_bytes(self) -> int:
        """Of these what live bytes do not tell: gaps, padding, bodies."""

    @property
    def causes(self) -> list[tuple[str, int, str]]:
        """(label, bytes added to the peak, words) of each buffer, largest first."""

    def markdown(self) -> str:
        """For a pull request."""

    def __str__(self) -> str: ...

def diff(old: Plan, new: Plan) -> Diff:
    """
    What moved the peak from one plan to another; buffers are matched by name, or by id.
    """

class TensorPool:
    """
    The bytes of a plan: ``pool["name"]`` or ``pool[id]`` is an array over a tensor's bytes; nothing is copied.

    A tensor's bytes are its own from the op that writes it to its last reader, in the order of
    ``pool.assignment.order``; before and after, the plan gives them to others, and the array shows whatever they
    hold. ``guard=True`` finds out: tell it by begin_op() and end_op() which op runs, and what is wrong is raised.

    Arrays and capsules keep the arena alive. For one thread at a time.
    """

    def __init__(self, graph: Graph, plan: Plan | Assignment | None = None, *, memory: object = None, guard: bool = False) -> None:
        """
        plan: of this graph; None: planned as graph.plan() does. memory: a writable buffer (bytearray, numpy array),
        or a list of them, one a space; None: arenas of its own, exactly as large as the plan needs.

        Raises Error: "bad_input" for a plan of another graph, "infeasible" for memory that is too small, "misuse"
        for one that is less aligned than the plan needs, "out_of_memory".
        """

    def __getitem__(self, tensor: int | str) -> orionrt._types.AnyArray:
        """
        The tensor in its shape and dtype, as a numpy array; as bytes where the graph knows neither. Raises KeyError
        for a tensor that there is not, Error ("unsupported") for types that numpy does not have (bfloat16, less than
        a byte): take their bytes().
        """

    def bytes(self, tensor: int | str) -> orionrt._types.AnyArray:
        """Its bytes, as uint8 of one dimension."""

    def dlpack(self, tensor: int | str) -> object:
        """
        The same as __getitem__ for whoever reads DLPack: an object with __dlpack__, without numpy.
        """

    def workspace(self, op: int) -> orionrt._types.AnyArray:
        """The scratch of an op while it runs, as uint8."""

    def bind_external(self, tensor: int | str, buffer: object) -> None:
        """
        Where the caller holds a tensor with the role "external", by id or name: a writable buffer with room for it, which
        the pool keeps; views of the tensor lie in it. None takes it back. Not while the graph runs. Raises Error
        ("misuse") for a tensor that an arena has, or that is a view, "infeasible" for a buffer that is too small.
        """

    def begin_op(self, op: int) -> None:
        """
        Tells the guard which op starts. Raises Error ("misuse") naming op, tensor and bytes of what went wrong before.
        """

    def end_op(self, op: int | None = None) -> None:
        """
        Tells the guard that the op has ended; on several streams, which. Raises as begin_op.
        """

    def end_run(self) -> None:
        """Before the inputs of the next run are written. Raises as begin_op."""

    def record(self, op: int) -> None:
        """On several streams: an event is recorded behind the op."""

    def wait(self, stream: int, op: int) -> None:
        """
        On several streams: what begins on the stream from now on comes behind that event.
        """

    @property
    def assignment(self) -> Assignment:
        """Where everything lies, and in which order ops run."""

    @property
    def peak_bytes(self) -> int:
        """With the guard's share."""

    @property
    def capacity(self) -> int:
        """Bytes of all arenas."""

    @property
    def closed(self) -> bool: ...

    def close(self) -> None:
        """
        Gives the arena back. Raises BufferError while an array or a capsule looks at it.
        """

    def __enter__(self) -> TensorPool: ...

    def __exit__(self, *args: object) -> None: ...

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn: ...

    def __copy__(self) -> NoReturn: ...

    def __deepcopy__(self, memo: dict[int, object]) -> NoReturn: ...
