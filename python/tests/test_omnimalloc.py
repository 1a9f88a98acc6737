"""OrionRT within omnimalloc: its own problems, judged by its own validator."""

import pytest

omnimalloc = pytest.importorskip("omnimalloc")
from omnimalloc import Allocation, Pool  # noqa: E402
from omnimalloc.allocators import BaseAllocator  # noqa: E402
from omnimalloc.benchmark.sources import BaseSource  # noqa: E402

from orionrt import Error  # noqa: E402
from orionrt.integrations.omnimalloc import OrionrtAllocator  # noqa: E402

GENERATED = ["random", "uniform", "power_of2", "high_contention", "sequential", "skewed", "tiling"]
CLOCKED = ["concurrent_tiling", "sync_pattern", "two_plus_two"]


@pytest.mark.parametrize("source", GENERATED + CLOCKED)
def test_plans_are_right_and_no_larger_than_its_own(source):
    made = BaseSource.get(source)(num_allocations=100)
    pool = Pool(0, made.get_allocations())
    ours = omnimalloc.allocate(pool, "orionrt", validate=True)
    theirs = omnimalloc.allocate(pool, "greedy_by_all", validate=True)
    assert ours.pressure <= ours.size <= theirs.size
    assert any(a.dim > 1 for a in pool.allocations) == (source in CLOCKED)


def test_it_is_there_by_name_and_takes_what_a_plan_takes():
    assert "orionrt" in omnimalloc.available_allocators() and BaseAllocator.get("orionrt") is OrionrtAllocator
    two = Pool(0, (Allocation("a", 10, 0, 2), Allocation("b", 6, 1, 3), Allocation("c", 10, 2, 4)))
    assert omnimalloc.allocate(two, OrionrtAllocator(policy="no_reuse")).size == 26
    assert omnimalloc.allocate(two, OrionrtAllocator(effort="thorough")).size == 16
    assert repr(OrionrtAllocator("first_fit")) == "OrionrtAllocator(policy='first_fit', effort='balanced')"
    with pytest.raises(Error, match="no_such"):
        omnimalloc.allocate(two, OrionrtAllocator("no_such"))


def test_what_is_pinned_stays():
    pinned = [Allocation(0, 8, 0, 4, offset=100), Allocation(1, 50, 1, 3), Allocation(2, 60, 0, 4)]
    placed = omnimalloc.allocate(pinned, "orionrt", validate=True)
    assert placed[0].offset == 100 and all(a.is_allocated for a in placed)
