"""plan, Problem and Plan: arrays in, offsets out, judged by hand."""

import copy
import gc
import pickle
import random
import threading

import numpy as np
import pytest

import orionrt


def made(seed, count=200):
    draw = random.Random(seed)
    print(f"seed {seed}")
    lower = [draw.randrange(max(60, count // 4)) for _ in range(count)]
    upper = [begin + draw.randrange(1, 20) for begin in lower]
    size = [draw.randrange(0, 5000) for _ in range(count)]
    return lower, upper, size


def collide(lower, upper, size, offsets):
    """Every pair that is alive together and shares a byte: as slow as it is plain."""
    rows = range(len(size))
    return [
        (a, b)
        for a in rows
        for b in range(a)
        if lower[a] < upper[b]
        and lower[b] < upper[a]
        and offsets[a] < offsets[b] + size[b]
        and offsets[b] < offsets[a] + size[a]
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("policy", ["auto", "best_fit", "linear_scan", "no_reuse"])
def test_no_two_that_live_together_share_a_byte(seed, policy):
    lower, upper, size = made(seed)
    plan = orionrt.plan(lower, upper, size, 16, policy)
    assert collide(lower, upper, size, plan.offsets.tolist()) == []
    assert all(offset % 16 == 0 for offset in plan.offsets.tolist())
    assert plan.peak_bytes == max(o + s for o, s in zip(plan.offsets.tolist(), size))
    live = max(sum(s for b, e, s in zip(lower, upper, size) if b <= t < e) for t in range(80))
    assert live <= plan.lower_bound_bytes <= plan.peak_bytes
    assert plan.proven_optimal == (plan.lower_bound_bytes == plan.peak_bytes)
    assert orionrt.check(plan) is None


@pytest.mark.parametrize("dtype", ["int64", "int32", "int16", "uint16", "uint32", "uint64"])
def test_lists_and_arrays_of_any_integer_type_make_the_same_plan(dtype):
    lower, upper, size = made(7)
    listed = orionrt.plan(lower, upper, size)
    arrays = orionrt.plan(*(np.array(x, dtype=dtype) for x in (lower, upper, size)))
    strided = orionrt.plan(*(np.repeat(np.array(x, dtype=dtype), 2)[::2] for x in (lower, upper, size)))
    numbers = orionrt.plan(*([np.int64(v) for v in x] for x in (lower, upper, size)))
    for other in (arrays, strided, numbers):
        assert other.offsets.tolist() == listed.offsets.tolist()


def test_offsets_are_int64_read_only_and_keep_the_plan():
    plan = orionrt.plan([0, 1], [2, 3], [100, 200])
    offsets = plan.offsets
    assert offsets.dtype == np.int64 and offsets.shape == (2,) and not offsets.flags.writeable
    assert offsets.ctypes.data == plan.offsets.ctypes.data  # nothing is copied
    before = offsets.tolist()
    del plan
    gc.collect()
    assert offsets.tolist() == before
    with pytest.raises(ValueError):
        offsets[0] = 1


def test_nothing_to_place():
    plan = orionrt.plan([], [], [])
    assert plan.peak_bytes == 0 and plan.offsets.tolist() == [] and plan.proven_optimal
    assert orionrt.plan(*[np.zeros(0, np.int64)] * 3).peak_bytes == 0


def test_fixed_offsets_stand():
    plan = orionrt.plan([0, 0], [2, 2], [64, 64], fixed=[None, 640])
    assert plan.offsets[1] == 640 and plan.bound_kind == "fixed_offset"
    same = orionrt.plan([0, 0], [2, 2], [64, 64], fixed=np.array([-1, 640]))
    assert same.offsets.tolist() == plan.offsets.tolist()


def test_alignments_of_each():
    plan = orionrt.plan([0, 0, 0], [1, 1, 1], [1, 1, 1], alignment=[1, 256, 4096])
    assert [o % a for o, a in zip(plan.offsets.tolist(), [1, 256, 4096])] == [0, 0, 0]


def test_clocks_of_two_streams():
    # 0 is over before 1 on another stream begins; nothing orders 2 with either.
    lower = [[0, 0], [1, 1], [0, 0]]
    upper = [[1, 1], [2, 2], [2, 2]]
    plan = orionrt.plan(np.array(lower), np.array(upper), [64, 64, 64])
    assert plan.peak_bytes == 128
    assert plan.offsets[0] == plan.offsets[1] != plan.offsets[2]
    assert plan.problem.lower.shape == (3, 2)
    assert orionrt.plan(lower, upper, [64, 64, 64]).offsets.tolist() == plan.offsets.tolist()


def test_spaces():
    plan = orionrt.plan([0, 0], [1, 1], [256, 128], spaces={"sram": 128, "dram": None})
    assert plan.space_of.tolist() == [1, 0]
    assert [space.name for space in plan.problem.spaces] == ["sram", "dram"]
    problem = orionrt.Problem(
        [0, 0], [1, 1], [64, 64], spaces=[orionrt.Space("fast", 64), orionrt.Space("slow")], allowed=[["slow"], []]
    )
    assert problem.plan().space_of.tolist() == [1, 0]
    assert (problem.spaces[0].capacity, problem.spaces[1].capacity) == (64, None)


def test_capacity():
    assert orionrt.plan([0, 0], [1, 1], [64, 64], capacity=128).peak_bytes == 128
    with pytest.raises(orionrt.Error) as refused:
        orionrt.plan([0, 0], [1, 1], [64, 64], capacity=127)
    assert refused.value.code == "infeasible"


def test_what_a_plan_says():
    plan = orionrt.plan([0, 1, 2], [2, 3, 4], [100, 200, 300])
    assert "bytes" in plan.explain() and "peak" in str(plan)
    html = plan._repr_html_()
    assert "<svg" in html and "proven optimal" in html
    assert plan.metrics()["peak_bytes"] == plan.peak_bytes
    with pytest.raises(orionrt.Error, match="no space 3"):
        plan.metrics(3)
    assert "3 buffers" in repr(plan) and len(plan) == 3
    assert set(orionrt.policies()) >= {"auto", "exact", "best_fit"}


def test_save_and_load(tmp_path):
    lower, upper, size = made(11)
    plan = orionrt.plan(lower, upper, size)
    for suffix in (".json", ".csv"):
        plan.save(tmp_path / f"plan{suffix}")
    again = orionrt.load(tmp_path / "plan.json")
    assert isinstance(again, orionrt.Plan) and again.offsets.tolist() == plan.offsets.tolist()
    assert orionrt.check(again, plan.problem) is None
    rows = orionrt.load(str(tmp_path / "plan.csv"))
    assert isinstance(rows, orionrt.Problem) and rows.fixed.tolist() == plan.offsets.tolist()
    assert orionrt.load((tmp_path / "plan.csv").read_bytes(), ignore_offsets=True).fixed.tolist() == [-1] * len(size)
    for name, begin in [("p.html", b"<!"), ("p.svg", b"<"), ("p.txt", b"p"), ("p.h", b"//"), ("p.trace.json", b"{")]:
        plan.save(tmp_path / name)
        assert len((tmp_path / name).read_bytes()) > 100, name
    orionrt.report(plan, tmp_path / "report.html")
    assert b"<html" in (tmp_path / "report.html").read_bytes()
    with pytest.raises(orionrt.Error) as refused:
        plan.save(tmp_path / "plan.xyz")
    assert refused.value.code == "misuse"
    with pytest.raises(orionrt.Error):
        plan.save(tmp_path / "no" / "folder.json")


def test_pickle_and_copy():
    plan = orionrt.plan(*made(3), spaces={"a": 1 << 40})
    for other in (pickle.loads(pickle.dumps(plan)), copy.copy(plan), copy.deepcopy(plan)):
        assert other.offsets.tolist() == plan.offsets.tolist()
        assert (other.peak_bytes, other.policy, other.witness) == (plan.peak_bytes, plan.policy, plan.witness)
        assert orionrt.check(other) is None
    problem = pickle.loads(pickle.dumps(plan.problem))
    assert problem.size.tolist() == plan.problem.size.tolist() and problem.ids == plan.problem.ids


def test_check_finds_what_collides():
    problem = orionrt.Problem([0, 1], [2, 3], [64, 64])
    assert orionrt.check([0, 64], problem) is None
    fault = orionrt.check(np.array([0, 0]), problem)
    assert {fault.first, fault.second} == {0, 1} and fault.step == 1
    assert fault is not None and fault.message
    assert orionrt.check([0, 63], problem) is not None
    other = orionrt.Problem([0, 1], [2, 3], [64, 65])
    assert "another problem" in str(orionrt.check(problem.plan(), other))


def test_diff():
    old = orionrt.Problem([0, 1], [2, 3], [64, 64], names=["a", "b"]).plan()
    new = orionrt.Problem([0, 1], [2, 3], [64, 128], names=["a", "b"]).plan()
    diff = orionrt.diff(old, new)
    assert diff.growth_bytes == 64 and diff.causes[0][:2] == ("b", 64)
    assert "b" in str(diff) and "|" in diff.markdown()


def test_a_policy_in_python():
    calls = []

    @orionrt.policy
    def stacked(problem):
        calls.append(threading.get_ident())
        ends = np.cumsum(problem.size)
        return ends - problem.size

    plan = orionrt.plan([0, 1], [2, 3], [100, 50], 1, stacked)
    assert plan.offsets.tolist() == [0, 100] and plan.policy.endswith("stacked")
    assert calls and set(calls) == {threading.get_ident()}


def test_what_a_policy_raises_comes_out():
    class Odd(Exception):
        pass

    @orionrt.policy
    def raises(problem):
        raise Odd("by the way")

    with pytest.raises(Odd, match="by the way"):
        orionrt.plan([0], [1], [8], policy=raises)
    for wrong, place in [([0, 0], "collide"), ([0], "1 offsets for 2"), (["x", 0], r"\[0\]"), (None, "NoneType")]:
        with pytest.raises(orionrt.Error) as refused:
            orionrt.plan([0, 0], [1, 1], [8, 8], policy=lambda problem, wrong=wrong: wrong)
        assert refused.value.code == "bad_input", place


def test_two_threads_plan_at_once():
    inputs = [made(seed, 300) for seed in range(4)]
    alone = [orionrt.plan(*rows, effort="fast").offsets.tolist() for rows in inputs]
    together = [None] * len(inputs)

    def run(i):
        together[i] = orionrt.plan(*inputs[i], effort="fast").offsets.tolist()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_the_lock_is_free_while_planning():
    problem = orionrt.Problem(*made(5, 40000))
    ticks = 0
    done = threading.Event()

    def plan():
        problem.plan("best_fit")
        done.set()

    thread = threading.Thread(target=plan)
    thread.start()
    while not done.wait(0.0005):
        ticks += 1
    thread.join()
    assert ticks > 5  # with the lock held there would be one or two, before and after
