"""plan, load, check, report, and policies of one's own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, overload

from . import _core
from ._core import Assignment, Fault, Graph, Plan, Problem
from ._errors import Error

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from ._types import Effort, Follower, Ints, Places, PolicyLike, Spaces

    PolicyFunction = TypeVar("PolicyFunction", bound=Callable[[Problem], Ints])


@overload
def plan(
    lower: Problem | Graph,
    upper: None = None,
    size: None = None,
    alignment: int = 64,
    policy: PolicyLike = "auto",
    *,
    spaces: Spaces | None = None,
    effort: Effort = "balanced",
    capacity: int | None = None,
    time_limit: float | None = None,
    progress: Follower | None = None,
) -> Plan: ...
@overload
def plan(
    lower: Ints,
    upper: Ints,
    size: Ints,
    alignment: int | Ints = 64,
    policy: PolicyLike = "auto",
    *,
    fixed: Places | None = None,
    spaces: Spaces | None = None,
    effort: Effort = "balanced",
    capacity: int | None = None,
    time_limit: float | None = None,
    progress: Follower | None = None,
) -> Plan: ...
def plan(
    lower: Problem | Graph | Ints,
    upper: Ints | None = None,
    size: Ints | None = None,
    alignment: int | Ints = 64,
    policy: PolicyLike = "auto",
    *,
    fixed: Places | None = None,
    spaces: Spaces | None = None,
    effort: Effort = "balanced",
    capacity: int | None = None,
    time_limit: float | None = None,
    progress: Follower | None = None,
) -> Plan:
    """Gives every buffer an offset, so that buffers alive together never share a byte.

    lower, upper: steps, half-open, one a buffer; clocks of several streams are two-dimensional, buffers x streams.
    size: bytes. alignment: bytes, powers of two; one for all or one a buffer. Lists, or arrays of any integer type.
    In place of ``lower`` a Problem or a Graph may stand, alone; see their own ``plan`` for more.
    policy: a name (``orionrt.policies()``), or a function under ``@orionrt.policy``.
    fixed: offsets that stand; -1, or None in a list, where the planner chooses.
    spaces: the table of memory spaces; capacity: bytes, does it fit?
    effort: how much to search, in counted work; time_limit: seconds, after which results may differ from run to run.

    progress: a function that is told how far planning is (Progress), on this thread; False asks it to stop, and the
    best plan until then is the result (``interrupted``). Ctrl-C raises a KeyboardInterrupt whose ``plan`` that is.

    Deterministic unless it is stopped. The GIL is released; several threads may plan at once.

    Raises Error: "bad_input" (the argument and the row), "infeasible" (proven not to fit), "limit" (whether it fits was
    not decided), "misuse".
    """
    if isinstance(lower, (Problem, Graph)):
        if upper is not None or size is not None or fixed is not None:
            raise Error("plan: a Problem or a Graph has its lifetimes; leave upper, size and fixed out", "misuse")
        if isinstance(lower, Graph):
            if not isinstance(alignment, int):
                raise Error("plan: the tensors of a Graph have alignments of their own; give one number", "misuse")
            return lower.plan(
                policy,
                alignment=alignment,
                spaces=spaces,
                effort=effort,
                capacity=capacity,
                time_limit=time_limit,
                progress=progress,
            )
        if spaces is not None or alignment != 64:
            raise Error("plan: a Problem has its alignments and spaces; see Problem.plan", "misuse")
        return lower.plan(policy, effort=effort, capacity=capacity, time_limit=time_limit, progress=progress)
    if upper is None or size is None:
        raise Error("plan: lower, upper and size are wanted; or a Problem or a Graph alone", "misuse")
    problem = Problem(lower, upper, size, alignment, fixed=fixed, spaces=spaces)
    return problem.plan(policy, effort=effort, capacity=capacity, time_limit=time_limit, progress=progress)


def load(
    source: str | os.PathLike[str] | bytes,
    *,
    format: str | None = None,
    dims: Mapping[str, int] | None = None,
    inputs: Mapping[str, Sequence[int]] | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    trust_shapes: bool = False,
    data_folder: str | os.PathLike[str] | None = None,
    external: Sequence[str] = (),
    assume_in_place: Sequence[str] = (),
    op_rules: str | os.PathLike[str] | Mapping[str, object] | None = None,
    fold_constants: bool = True,
    fold_shapes: bool = False,
    views: bool = False,
    colocate: bool = False,
    in_place: bool = False,
    reorder: bool = False,
    ignore_offsets: bool = False,
) -> Graph | Problem | Plan:
    """Reads a model (a Graph), lifetimes (a Problem) or a plan (a Plan), from a path or from bytes.

    format: "onnx", "tflite", "csv" or "json"; None: by the suffix, of bytes by what they hold.
    dims: values of a model's symbolic dimensions; ``"*"`` sets all that are not set. inputs: whole shapes of inputs.
    shapes: of tensors that ops make, before all that follows from the model. trust_shapes: what the model declares of
    shapes goes before what ops make of them. data_folder: where external data lies that is not beside the model.
    external: what the caller holds and no arena: "inputs", "outputs", or names of tensors. assume_in_place: types of
    ops that may write each element over that of an input of the same shape and size. op_rules: what ops of one's own
    make of their inputs, a file's path or what such a file holds (docs/op_rules.md).
    fold_constants: ops of constants alone do not run. fold_shapes: neither do ops of known shapes.
    views, colocate, in_place, reorder: what a Graph's plans do unless told otherwise.
    ignore_offsets: a column or key ``offset`` fixes nothing.

    Raises Error: "bad_input" and "unsupported" name the file, the place in it and the remedy.
    """
    path, given = (None, source) if isinstance(source, bytes) else (os.fspath(source), b"")
    whole = {name: list(shape) for name, shape in (inputs or {}).items()}
    made = {name: list(shape) for name, shape in (shapes or {}).items()}
    folder = "" if data_folder is None else os.fspath(data_folder)
    rules: list[tuple[str, str | None]] = []
    if isinstance(op_rules, Mapping):
        rules.append(("op_rules", json.dumps(op_rules)))
    elif op_rules is not None:
        rules.append((os.fspath(op_rules), None))
    reading = (dict(dims or {}), whole, made, trust_shapes, folder, list(external), list(assume_in_place), rules)
    transforms = (views, colocate, in_place, reorder)
    return _core.load(path, given, format or "", *reading, fold_constants, fold_shapes, *transforms, ignore_offsets)


def check(plan: Plan | Assignment | Ints, given: Problem | Graph | None = None) -> Fault | None:
    """The first fault of a plan; None when there is none.

    A Plan, alone or with the Problem or Graph that it should be of; an Assignment with its Graph; or bare offsets, in
    bytes, with a Problem. The judge shares no code with the planners.
    """
    if isinstance(plan, Plan):
        if given is None:
            return _core.check(plan)
        return _core.check(plan, given) if isinstance(given, Problem) else _core.check(plan, given)
    if isinstance(plan, Assignment):
        if not isinstance(given, Graph):
            raise Error("check: an Assignment is judged with its Graph; give it", "misuse")
        return _core.check(plan, given)
    if not isinstance(given, Problem):
        raise Error("check: offsets are judged with their Problem; give it", "misuse")
    return _core.check_offsets(given, plan)


def report(plan: Plan, path: str | os.PathLike[str]) -> None:
    """Draws a plan, every buffer over time and address: one offline page (.html), .svg or .txt.

    Raises Error ("misuse") for a path that cannot be written.
    """
    plan.save(path)


def policy(function: PolicyFunction) -> PolicyFunction:
    """Makes a function a policy: it takes a Problem and gives the offset of every buffer, in bytes.

    It is called on the thread that plans, with the GIL; what it raises comes out of ``plan``. Its offsets are judged:
    Error ("bad_input") names the two buffers that collide. With spaces it is called once or a few times per space, on
    what lies there.
    """
    if not callable(function):
        raise Error(f"policy: a function is wanted, not {function!r}", "misuse")
    return function
