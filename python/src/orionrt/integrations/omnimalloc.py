"""OrionRT as an allocator of omnimalloc, by name: ``omnimalloc.allocate(allocations, "orionrt")``.

Importing this module registers it. Needs the package ``omnimalloc`` 1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimalloc import Allocation
from omnimalloc.allocators import BaseAllocator

from .._planning import plan

if TYPE_CHECKING:
    from .._types import Effort, PolicyLike


class OrionrtAllocator(BaseAllocator):
    """Plans allocations by a policy of OrionRT's; those that have an offset keep it."""

    supports_vector_time = True  # a vector clock is a clock of several streams
    supports_pinned = True

    def __init__(self, policy: PolicyLike = "auto", effort: Effort = "balanced") -> None:
        self._policy: PolicyLike = policy
        self._effort: Effort = effort

    def _allocate(self, allocations: tuple[Allocation, ...]) -> tuple[Allocation, ...]:
        lower, upper, size, fixed = zip(*((a.start, a.end, a.size, a.offset) for a in allocations), strict=True)
        made = plan(lower, upper, size, 1, self._policy, fixed=fixed, effort=self._effort)
        return tuple(a.with_offset(int(offset)) for a, offset in zip(allocations, made.offsets, strict=True))
