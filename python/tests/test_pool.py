"""TensorPool: arrays over a plan's bytes, who keeps them, and what a guard finds."""

import copy
import gc
import pickle

import numpy as np
import pytest

import orionrt


def chain(count=4, size=64):
    graph = orionrt.Graph()
    x = graph.tensor(shape=(size,), dtype="float32", name="t0", roles=["input"])
    for i in range(1, count):
        y = graph.tensor(
            shape=(size,), dtype="float32", name=f"t{i}", roles=["output"] if i == count - 1 else []
        )
        graph.op("Add", [x], [y], name=f"op{i}")
        x = y
    return graph


def test_arrays_share_the_arena():
    graph = chain()
    plan = graph.plan()
    pool = orionrt.TensorPool(graph, plan)
    assert pool.peak_bytes == plan.peak_bytes == 512 and pool.capacity == 512
    t0 = pool["t0"]
    assert t0.dtype == np.float32 and t0.shape == (64,) and t0.flags.writeable
    t0[:] = 7
    assert (pool[0] == 7).all()
    assert pool.bytes("t0").shape == (256,) and pool.bytes(0).dtype == np.uint8
    assert pool["t0"].ctypes.data % 64 == 0
    assert pool["t2"].ctypes.data == pool["t0"].ctypes.data  # its bytes, once it is dead
    assert pool.assignment.order == [0, 1, 2]


def held():
    """x, which the caller holds, with a piece of it, to y in the arena."""
    graph = orionrt.Graph()
    x = graph.tensor(shape=(64,), dtype="float32", name="x", roles=["input", "external"])
    piece = graph.tensor(shape=(16,), dtype="float32", name="piece", view_of=x, view_offset=192)
    y = graph.tensor(shape=(64,), dtype="float32", name="y", roles=["output"])
    graph.op("Add", [x, piece], [y])
    return graph


def test_what_the_caller_holds():
    graph = held()
    pool = orionrt.TensorPool(graph)
    assert pool.peak_bytes == 256  # y alone
    with pytest.raises(orionrt.Error, match="held elsewhere; bind_external"):
        pool["x"]
    mine = np.arange(64, dtype=np.float32)
    pool.bind_external("x", mine)
    assert pool["x"].ctypes.data == mine.ctypes.data and (pool["piece"] == mine[48:]).all()
    pool["x"][0] = 5
    assert mine[0] == 5
    before, other = pool["x"], bytearray(300)
    pool.bind_external(0, other)
    del mine
    gc.collect()
    assert before[63] == 63  # an array keeps what it was made of
    pool["piece"][:] = 1
    assert np.frombuffer(other, np.float32)[48:64].sum() == 16
    pool.bind_external("x", None)
    with pytest.raises(orionrt.Error, match="held elsewhere"):
        pool["piece"]
    for tensor, buffer, code in [
        ("y", bytearray(256), "misuse"),
        ("piece", bytearray(64), "misuse"),
        ("x", bytearray(255), "infeasible"),
        ("x", bytes(256), "bad_input"),
        ("x", 7, "bad_input"),
    ]:
        with pytest.raises(orionrt.Error) as told:
            pool.bind_external(tensor, buffer)
        assert told.value.code == code
    with pytest.raises(KeyError):
        pool.bind_external("z", bytearray(8))


def test_a_guard_over_one_named_space():
    graph = chain()
    pool = orionrt.TensorPool(graph, graph.plan(spaces={"sram": 4096}), guard=True)
    pool.begin_op(0)
    pool.end_op()
    with pytest.raises(orionrt.Error, match='"op3" ran after op 0'):
        pool.begin_op(2)


def test_dlpack_without_a_copy():
    pool = orionrt.TensorPool(chain())
    array = np.from_dlpack(pool.dlpack("t1"))
    array[:] = 3
    assert (pool["t1"] == 3).all()
    assert np.from_dlpack(pool["t1"]).ctypes.data == pool["t1"].ctypes.data


def test_close_waits_for_views():
    pool = orionrt.TensorPool(chain())
    view = pool["t1"][3:]
    with pytest.raises(BufferError, match="1 array"):
        pool.close()
    assert not pool.closed
    capsule = pool.dlpack("t0")
    del view
    gc.collect()
    with pytest.raises(BufferError):
        pool.close()
    del capsule
    gc.collect()
    pool.close()
    pool.close()
    assert pool.closed
    for call in (lambda: pool["t0"], lambda: pool.peak_bytes, lambda: pool.begin_op(0)):
        with pytest.raises(orionrt.Error, match="closed"):
            call()


def test_views_outlive_the_pool():
    pool = orionrt.TensorPool(chain())
    view = pool["t1"]
    view[:] = 5
    del pool
    gc.collect()
    filler = [np.ones(1000) for _ in range(100)]
    assert (view == 5).all() and len(filler) == 100


def test_with():
    with orionrt.TensorPool(chain()) as pool:
        pool["t0"][:] = 1
        gc.collect()
    assert pool.closed


def test_memory_of_the_caller():
    graph = chain()
    arena = np.zeros(1024, np.uint8)
    offset = -arena.ctypes.data % 64
    pool = orionrt.TensorPool(graph, memory=arena[offset : offset + 512])
    pool["t0"][:] = 1.0
    assert arena.any()
    for wrong, code in [
        (np.zeros(8, np.uint8), "infeasible"),
        (b"\0" * 1024, "bad_input"),
        ("text", "bad_input"),
        (np.zeros(2048, np.uint8)[::2], "bad_input"),
        ([arena, arena], "bad_input"),
        (7, "bad_input"),
    ]:
        with pytest.raises(orionrt.Error) as raised:
            orionrt.TensorPool(graph, memory=wrong)
        assert raised.value.code == code, str(raised.value)
    with pytest.raises(orionrt.Error) as raised:
        orionrt.TensorPool(graph, memory=arena[offset + 1 :])
    assert raised.value.code == "misuse"


def test_tensors_that_there_are_not():
    pool = orionrt.TensorPool(chain())
    for key in (99, -1, "nobody", 2**40):
        with pytest.raises(KeyError):
            pool[key]
    for key in (1.5, None, (1, 2)):
        with pytest.raises(orionrt.Error, match="tensor"):
            pool[key]
    with pytest.raises(orionrt.Error, match="workspace"):
        pool.workspace(0)


def test_workspace():
    graph = orionrt.Graph()
    y = graph.tensor(64, roles=["output"], name="y")
    op = graph.op("Conv", [], [y], workspace=100)
    pool = orionrt.TensorPool(graph)
    assert pool.workspace(op).shape == (100,)


def test_tensors_without_bytes():
    graph = orionrt.Graph()
    graph.op("Make", [], [graph.tensor(shape=(0, 4), dtype="float32", name="none", roles=["output"])])
    pool = orionrt.TensorPool(graph)
    assert pool["none"].shape == (0, 4) and pool.bytes("none").nbytes == 0 and pool.capacity == 0
    assert np.from_dlpack(pool.dlpack("none")).shape == (0, 4)


def test_types_that_numpy_does_not_have():
    graph = orionrt.Graph()
    for name, dtype in [("b", "bfloat16"), ("i", "int4"), ("q", "string")]:
        graph.op("Make", [], [graph.tensor(16, shape=(8,), dtype=dtype, name=name, roles=["output"])])
    odd = graph.tensor(20, shape=(4,), dtype="float32", name="odd", roles=["output"])
    graph.op("Make", [], [odd])
    pool = orionrt.TensorPool(graph)
    for name in ("b", "i", "q", "odd"):
        with pytest.raises(orionrt.Error, match=r"bytes\(\)") as raised:
            pool[name]
        assert raised.value.code == "unsupported"
        assert pool.bytes(name).nbytes in (16, 20)


def test_plans_that_do_not_fit():
    graph, other = chain(), chain(5)
    for wrong, code in [
        (other.plan(), "bad_input"),
        (orionrt.plan([0], [1], [8]), "misuse"),
        ("plan", "bad_input"),
    ]:
        with pytest.raises(orionrt.Error) as raised:
            orionrt.TensorPool(graph, wrong)
        assert raised.value.code == code, str(raised.value)
    pool = orionrt.TensorPool(graph, graph.plan().assignment)
    assert pool.assignment.tensors == graph.plan().assignment.tensors


def test_several_spaces():
    graph = chain()
    plan = graph.plan(spaces={"sram": 256, "dram": None})
    pool = orionrt.TensorPool(graph, plan)
    for name in ("t0", "t1", "t2", "t3"):
        pool[name][:] = 1
    assert pool.capacity == sum(plan.assignment.required_bytes)


def test_copies_are_refused():
    pool = orionrt.TensorPool(chain())
    for call in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="memory"):
            call(pool)


def test_the_guard_finds_a_stale_write():
    graph = chain()
    pool = orionrt.TensorPool(graph, guard=True)
    pool["t0"][:] = 1
    stale = pool["t0"]
    for i, op in enumerate(graph.ops):
        pool.begin_op(op.id)
        out = pool[f"t{i + 1}"]
        out[:] = pool[f"t{i}"] + 1
        pool.end_op()
    assert (pool["t3"] == 4).all()
    pool.end_run()
    pool["t0"][:] = 1
    with pytest.raises(orionrt.Error, match="t0"):
        for i, op in enumerate(graph.ops):
            pool.begin_op(op.id)
            pool[f"t{i + 1}"][:] = 1
            if i == 2:
                stale[:] = 9  # dead since op 0
            pool.end_op()


def test_a_guarded_run_by_the_book_is_quiet():
    graph = chain(6)
    pool = orionrt.TensorPool(graph, guard=True)
    for _ in range(3):
        pool["t0"][:] = 1
        for i, op in enumerate(graph.ops):
            pool.begin_op(op.id)
            pool[f"t{i + 1}"][:] = pool[f"t{i}"] + 1
            pool.end_op()
        assert (pool["t5"] == 6).all()
        pool.end_run()
