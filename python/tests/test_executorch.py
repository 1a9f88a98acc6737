"""OrionRT as an algorithm of ExecuTorch's memory planning: programs that it plans are run in scripts/test_python."""

from types import SimpleNamespace

import pytest

pytest.importorskip("executorch")
torch = pytest.importorskip("torch")
from executorch.exir.memory_planning import MemoryPlanningAlgorithmSuite, greedy  # noqa: E402
from executorch.exir.tensor import TensorSpec  # noqa: E402

from orionrt import Error  # noqa: E402
from orionrt.integrations.executorch import memory_planning_pass, orionrt_algorithm  # noqa: E402


def spec(floats, first, last, mem_id=None, base=None, delta=0):
    made = TensorSpec(torch.float32, torch.Size([floats]))
    made.lifetime, made.mem_id = [first, last], mem_id
    made.storage_base, made.storage_base_offset = base, delta
    return made


def planned(specs, nested=(), padding=0, **options):
    module = SimpleNamespace(input_mem_buffer_sizes=list(nested))
    return orionrt_algorithm(16, specs, module, None, padding, **options)


def test_lives_are_inclusive_and_sizes_rounded():
    a, b, c = spec(4, 0, 1), spec(5, 1, 2), spec(4, 2, 3)
    made = planned([a, b, c])
    assert made.bufsizes == [0, 48]  # 16 and 32: b meets both
    assert made.spec_dict[a].mem_offset == made.spec_dict[c].mem_offset
    assert {(r.mem_id, r.mem_obj_id) for r in made.spec_dict.values()} == {(1, 0)}
    assert planned([a, b, c], policy="no_reuse").bufsizes == [0, 64]


def test_every_memory_is_planned_by_itself_behind_what_bodies_take():
    a, b, c = spec(4, 0, 1), spec(4, 0, 1, mem_id=3), spec(4, 2, 3, mem_id=3)
    made = planned([a, b, c], nested=[0, 40, 100], padding=64)
    assert made.bufsizes == [0, 48 + 16 + 64, 100 + 64, 16 + 64]
    assert made.spec_dict[a].mem_offset == 48 and made.spec_dict[b].mem_offset == 0


def test_specs_within_another_move_with_it():
    base = spec(16, 0, 1)
    part = spec(8, 1, 5, base=base, delta=32)
    inner = spec(4, 5, 7, base=part, delta=16)
    other = spec(16, 6, 8)
    made = planned([inner, other, part, base])
    at = {s: made.spec_dict[s].mem_offset for s in (base, part, inner, other)}
    assert (at[part] - at[base], at[inner] - at[base]) == (32, 48)
    assert abs(at[other] - at[base]) >= 64 and made.bufsizes == [0, 128]


def test_a_suite_takes_it_beside_greedy_and_writes_it_back():
    specs = [spec(100, 0, 2), spec(60, 2, 4), spec(60, 1, 3), spec(100, 4, 6)]
    suite = MemoryPlanningAlgorithmSuite([greedy, orionrt_algorithm])
    sizes = suite(16, specs, SimpleNamespace(), None, 0)
    assert sizes == [0, max(s.mem_offset + s.allocated_memory for s in specs)]
    assert memory_planning_pass(alloc_graph_input=False).alloc_graph_input is False


@pytest.mark.parametrize(
    ("specs", "says"),
    [
        (lambda: [spec(4, 0, 1, base=spec(8, 0, 1))], "is not to be planned itself"),
        (lambda: [base := spec(8, 0, 1), spec(8, 0, 1, base=base, delta=16)], "does not lie within"),
        (lambda: [base := spec(8, 0, 1), spec(2, 0, 1, base=base, delta=4)], "no multiple of 16"),
    ],
)
def test_storage_that_cannot_be_is_refused(specs, says):
    with pytest.raises(Error, match=says):
        planned(specs())
    ring = spec(4, 0, 1)
    ring.storage_base = ring
    with pytest.raises(Error, match="back to itself"):
        planned([ring])


def test_nothing_to_plan():
    assert planned([]).bufsizes == [0, 0]
    assert planned([], nested=[0, 64]).bufsizes == [0, 64]
