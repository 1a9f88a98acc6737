"""Whatever is handed in, an exception with code and place comes out; never a crash."""

import random

import numpy as np
import pytest

import orionrt

GOOD = dict(lower=[0, 1], upper=[2, 3], size=[10, 20])


def refused(code="bad_input", match=None, **changed):
    with pytest.raises(orionrt.Error, match=match) as raised:
        orionrt.plan(**{**GOOD, **changed})
    assert raised.value.code == code, str(raised.value)


@pytest.mark.parametrize("name", ["lower", "upper", "size", "alignment", "fixed"])
@pytest.mark.parametrize(
    "wrong",
    [
        [1.5, 2],
        [float("nan"), 1],
        ["1", 2],
        [None, {}],
        [True, 2],
        [1 << 70, 1],
        [[1, 2], [3]],
        [object(), 1],
        np.array([1.0, 2.0]),
        np.array([np.nan, 1.0]),
        np.array([True, False]),
        np.array(["a", "b"]),
        np.array([1, None], dtype=object),
        np.array([2**63, 1], dtype=np.uint64),
        np.zeros((2, 2, 2), np.int64),
        np.zeros((2, 2), np.int64)[:, :0],
        np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]"),
        np.array([1 + 2j, 3]),
        "ab",
        b"ab",
        {"a": 1},
        12.5,
        object(),
    ],
    ids=lambda wrong: repr(wrong)[:40],
)
def test_no_whole_numbers(name, wrong):
    refused(match=name, **{name: wrong})


@pytest.mark.parametrize("name", ["lower", "upper", "size", "alignment"])
def test_nothing_at_all(name):
    with pytest.raises(orionrt.Error, match=name) as raised:
        orionrt.Problem(**{**GOOD, name: None})
    assert raised.value.code == "bad_input"
    if name in ("lower", "alignment"):
        refused(match=name, **{name: None})


@pytest.mark.parametrize("name", ["upper", "size", "alignment", "fixed"])
@pytest.mark.parametrize("rows", [[], [1], [1, 1, 1], np.ones(3, np.int64)])
def test_another_number_of_rows(name, rows):
    refused(match=name, **{name: rows})


def test_what_breaks_a_rule():
    refused(size=[-1, 5], match="size")
    refused(lower=[2, 1], upper=[2, 3])
    refused(lower=[5, 1], match="0")
    refused(size=[2**62, 2**62], match="63")
    refused(size=[2**63 - 1, 1])
    refused(lower=[-(2**62), 1])
    refused(alignment=3, match="alignment")
    refused(alignment=0, match="alignment")
    refused(alignment=-64, match="alignment")
    refused(alignment=[64, 3])
    refused(fixed=[1, None], match="0")
    refused(fixed=[-2, None])
    refused(lower=[[0, 0], [0, 0]], match="streams")
    refused(lower=np.zeros((2, 100), np.int64), upper=np.ones((2, 100), np.int64))
    refused(lower=[[0, 0], [1, 1]], upper=[[0, 0], [2, 2]])
    refused(spaces={"a b": 1})
    refused(spaces={"a": -1})
    refused(spaces={"a": "much"}, match="spaces")
    refused(spaces=["sram"], match=r"spaces\[0\]")
    refused(spaces=[orionrt.Space("a"), orionrt.Space("a")])
    refused(spaces=[orionrt.Space("a", alignment=3)])


def test_options():
    refused("misuse", policy="fastest", match="fastest")
    refused("misuse", policy=3, match="policy")
    refused("misuse", effort="much", match="effort")
    refused("misuse", capacity=0)
    refused("misuse", capacity=-5)
    refused("bad_input", capacity=1.5, match="capacity")
    refused("misuse", time_limit=-1.0)
    refused("misuse", time_limit=float("nan"))
    refused("misuse", time_limit="soon")
    with pytest.raises(orionrt.Error, match="wanted"):
        orionrt.plan([0], [1])
    with pytest.raises(orionrt.Error, match="leave upper"):
        orionrt.plan(orionrt.Problem([0], [1], [2]), [1])
    with pytest.raises(orionrt.Error, match="Problem.plan"):
        orionrt.plan(orionrt.Problem([0], [1], [2]), alignment=128)


def test_problems():
    two = ([0, 0], [1, 1], [8, 8])
    for changed in (
        dict(ids=["a"]),
        dict(ids=["a", "a"]),
        dict(names=["a"]),
        dict(uses=[1, 1]),
        dict(allowed=[[], []]),
        dict(spaces={"s": None}, allowed=[["t"], []]),
        dict(spaces={"s": None}, allowed=[["s"]]),
        dict(spaces={"s": None}, uses=[1]),
        dict(spaces={"s": None}, uses=[-1, 1]),
        dict(apart=[(0, 2)]),
        dict(apart=[(0, 0)]),
        dict(apart=[(-1, 0)]),
    ):
        with pytest.raises(orionrt.Error) as raised:
            orionrt.Problem(*two, **changed)
        assert raised.value.code == "bad_input", changed
    with pytest.raises(TypeError):
        orionrt.Problem([0])
    with pytest.raises(orionrt.Error, match="rows"):
        orionrt.check([0], orionrt.Problem(*two))
    with pytest.raises(orionrt.Error, match="past 63"):
        orionrt.check([0, 2**64], orionrt.Problem(*two))
    assert orionrt.check([0, 2**63 - 1], orionrt.Problem(*two)) is not None
    assert orionrt.check([0, -8], orionrt.Problem(*two)) is not None


def test_bytes_that_are_no_model(tmp_path):
    draw = random.Random(1)
    print("seed 1")
    samples = [b"", b"{", b"{}", b'{"schema":"x"}', b'{"schema":"orionrt.plan/1"}', b"id,lower\n", b"\x00" * 100]
    samples += [b"0000TFL3" + bytes(50), b"\x08\x07", b"[1]", b'{"schema":' + b"[" * 5000]
    samples += [bytes(draw.randrange(256) for _ in range(draw.randrange(200))) for _ in range(200)]
    for sample in samples:
        for form in (None, "onnx", "tflite", "csv", "json"):
            try:
                orionrt.load(sample, format=form)
            except orionrt.Error as error:
                assert error.code in ("bad_input", "unsupported"), (sample, form)
    with pytest.raises(orionrt.Error, match="bytes"):
        orionrt.load(b"garbage")
    with pytest.raises(orionrt.Error, match="no-such"):
        orionrt.load(tmp_path / "no-such.onnx")
    with pytest.raises(orionrt.Error, match="suffix"):
        orionrt.load(tmp_path / "model.bin")
    with pytest.raises(orionrt.Error, match="unknown"):
        orionrt.load(b"x", format="pdf")
    with pytest.raises(TypeError):
        orionrt.load(12)


def test_a_damaged_pickle_is_refused():
    problem = orionrt.Problem([0], [1], [8])
    for kind, state in [(orionrt.Problem, "no json"), (orionrt.Plan, "{}"), (orionrt.Assignment, "")]:
        with pytest.raises(orionrt.Error, match="pickle"):
            kind.__new__(kind).__setstate__(state)
    assert pytest.raises(orionrt.Error, orionrt.Assignment.read, "no-such.json").value.code == "bad_input"
    assert problem.size.tolist() == [8]


def test_errors_pickle():
    import pickle

    error = pytest.raises(orionrt.Error, orionrt.plan, [0], [1], [-8]).value
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.code) == (str(error), error.code)
