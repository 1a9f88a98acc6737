"""OrionRT as a memory planning algorithm of ExecuTorch.

::

    config = ExecutorchBackendConfig(memory_planning_pass=memory_planning_pass())
    program = to_edge(exported).to_executorch(config)

Needs the package ``executorch`` 1.5.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from executorch.exir.memory_planning import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
    MemoryAlgoResult,
    MemoryPlanningAlgorithmSuite,
    SpecAllocResult,
)
from executorch.exir.passes import MemoryPlanningPass  # type: ignore[import-not-found, import-untyped, unused-ignore]

from .._errors import Error
from .._planning import plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._types import Effort, PolicyLike

class Spec(Protocol):
    """What is read of a TensorSpec."""

    lifetime: list[int]  # first and last node, both inclusive
    mem_id: int | None
    storage_base: Spec | None
    storage_base_offset: int

    @property
    def allocated_memory(self) -> int: ...
    def realign(self, new_alignment: int) -> int: ...
    def debug(self) -> str: ...


DEFAULT_MEM_ID = 1  # of specs that are not pinned to a memory; 0 holds constants


def memory_planning_pass(
    policy: PolicyLike = "auto", effort: Effort = "balanced", **options: Any
) -> Any:
    """The pass that plans by ``policy``; options are those of ``MemoryPlanningPass``, such as alloc_graph_input."""
    algorithm = partial(orionrt_algorithm, policy=policy, effort=effort)
    return MemoryPlanningPass(memory_planning_algo=MemoryPlanningAlgorithmSuite([algorithm]), **options)


def orionrt_algorithm(
    alignment: int,
    specs: Iterable[Spec],
    graph_module: Any,
    graph_signature: Any,
    extra_padding: int = 0,
    *,
    policy: PolicyLike = "auto",
    effort: Effort = "balanced",
) -> Any:
    """Plans specs as ``executorch.exir.memory_planning.greedy`` does: one of the algorithms of a suite.

    Each memory (``mem_id``) is planned by itself, behind the bytes that the bodies of control flow take from it. A
    spec that has a ``storage_base`` lies within it. Raises Error ("bad_input") where that cannot be.
    """
    members = list(dict.fromkeys(specs))
    roots: dict[Spec, list[tuple[Spec, int]]] = defaultdict(list)
    for spec in members:
        spec.realign(alignment)
        root, delta = _root_of(spec)
        roots[root].append((spec, delta))
    nested = list(getattr(graph_module, "input_mem_buffer_sizes", None) or [])
    by_memory: dict[int, list[Spec]] = defaultdict(list)
    for root, riders in roots.items():
        _check_riders(root, riders, alignment)
        by_memory[_mem_id(root)].append(root)
    sizes = [0] * max([2, len(nested), *(mem_id + 1 for mem_id in by_memory)])
    places: dict[Spec, SpecAllocResult] = {}
    for mem_id in sorted({*by_memory, *(i for i, size in enumerate(nested) if size > 0)}):
        here = by_memory.get(mem_id, [])
        reserved = nested[mem_id] if mem_id < len(nested) else 0
        offsets, peak = _placed(here, roots, alignment, reserved, policy, effort)
        sizes[mem_id] = peak + extra_padding
        for root, offset in zip(here, offsets, strict=True):
            for spec, delta in roots[root]:
                places[spec] = SpecAllocResult(mem_id, 0, offset + delta)
    return MemoryAlgoResult({spec: places[spec] for spec in members}, sizes)


def _mem_id(spec: Spec) -> int:
    return DEFAULT_MEM_ID if spec.mem_id is None else int(spec.mem_id)


def _root_of(spec: Spec) -> tuple[Spec, int]:
    """The spec whose storage this one lies in, itself where it has its own; and how many bytes behind its first."""
    delta, seen = 0, {spec}
    while spec.storage_base is not None:
        delta += spec.storage_base_offset
        spec = spec.storage_base
        if spec in seen:
            raise Error(f"storage_base of {spec.debug()} leads back to itself")
        seen.add(spec)
    return spec, delta


def _check_riders(root: Spec, riders: list[tuple[Spec, int]], alignment: int) -> None:
    if not any(spec is root for spec, _ in riders):
        raise Error(f"{root.debug()} is the storage_base of a spec to plan, but is not to be planned itself")
    for spec, delta in riders:
        if delta < 0 or delta + spec.allocated_memory > root.allocated_memory:
            raise Error(f"{spec.debug()} does not lie within its storage_base, {root.debug()}, at offset {delta}")
        if delta % alignment != 0:
            raise Error(f"{spec.debug()} lies at offset {delta} of its storage_base: no multiple of {alignment}")


def _placed(
    members: list[Spec],
    roots: dict[Spec, list[tuple[Spec, int]]],
    alignment: int,
    reserved: int,
    policy: PolicyLike,
    effort: Effort,
) -> tuple[list[int], int]:
    """Offsets, and the bytes of the memory. What is reserved at its start is so all the time."""
    lower, upper, size = [], [], []
    for root in members:
        lives = [spec.lifetime for spec, _ in roots[root]]
        lower.append(min(first for first, _ in lives))
        upper.append(max(last for _, last in lives) + 1)  # ExecuTorch's is inclusive
        size.append(root.allocated_memory)
    if reserved > 0:
        lower.append(min(lower, default=0))
        upper.append(max(upper, default=1))
        size.append(reserved)
    fixed: list[int | None] = [None] * len(members) + [0] * (reserved > 0)
    made = plan(lower, upper, size, alignment, policy, fixed=fixed, effort=effort)
    return [int(offset) for offset in made.offsets[: len(members)]], made.peak_bytes
