"""Graph, Assignment and load: what a graph becomes, by hand and from models."""

import copy
import json
import pathlib
import pickle

import pytest

import orionrt

MODELS = pathlib.Path(__file__).parents[2] / "examples" / "models"


def chain():
    """x -> a -> b, each 1024 bytes; relu may be in place."""
    graph = orionrt.Graph()
    x = graph.tensor(shape=(16, 16), dtype="float32", name="x", roles=["input"])
    a = graph.tensor(shape=(16, 16), dtype="float32", name="a")
    b = graph.tensor(1024, name="b", roles=["output"])
    graph.op("MatMul", [x], [a], name="mm")
    graph.op("Relu", [a], [b], name="relu", aliases=[("same_index", 0, 0, 0)])
    return graph


def test_ids_are_given():
    graph = chain()
    assert [(t.id, t.name, t.bytes) for t in graph.tensors] == [(0, "x", 1024), (1, "a", 1024), (2, "b", 1024)]
    ops = [(op.id, op.type, op.name, op.inputs) for op in graph.ops]
    assert ops == [(0, "MatMul", "mm", [0]), (1, "Relu", "relu", [1])]


def test_a_plan_and_its_assignment(tmp_path):
    graph = chain()
    plan = orionrt.plan(graph)
    assert plan.peak_bytes == 2048
    assert graph.plan(in_place=True).peak_bytes == 2048
    assignment = plan.assignment
    assert assignment.order == [0, 1] and set(assignment.tensors) == {0, 1, 2}
    assert assignment.required_bytes == [2048] and assignment.graph_id == graph.graph_id
    assert orionrt.check(plan) is None and orionrt.check(plan, graph) is None
    assert orionrt.check(assignment, graph) is None
    assignment.save(tmp_path / "a.json")
    for other in (
        orionrt.Assignment.read(tmp_path / "a.json"),
        orionrt.load(tmp_path / "a.json").assignment,
        pickle.loads(pickle.dumps(assignment)),
        copy.deepcopy(assignment),
        copy.copy(assignment),
    ):
        assert other.tensors == assignment.tensors and other.order == assignment.order
        assert orionrt.check(other, graph) is None


def test_an_assignment_in_binary(tmp_path):
    graph = chain()
    plan = graph.plan(in_place=True)
    plan.save(tmp_path / "plan.bin")
    assert (tmp_path / "plan.bin").read_bytes() == plan.write("bin")
    read = orionrt.Assignment.read(tmp_path / "plan.bin")
    for other in (read, pickle.loads(pickle.dumps(read)), copy.deepcopy(read)):
        assert other.tensors == plan.assignment.tensors and other.in_place == plan.assignment.in_place
        assert orionrt.check(other, graph) is None
    with orionrt.TensorPool(graph, read) as pool:
        assert pool.assignment.order == plan.assignment.order
    read.save(tmp_path / "again.bin")
    assert (tmp_path / "again.bin").read_bytes() == plan.write("bin")
    assert pytest.raises(orionrt.Error, read.save, tmp_path / "a.json").value.code == "unsupported"
    (tmp_path / "cut.bin").write_bytes(plan.write("bin")[:-1])
    assert pytest.raises(orionrt.Error, orionrt.Assignment.read, tmp_path / "cut.bin").value.code == "bad_input"
    with pytest.raises(orionrt.Error, match="holds lifetimes"):
        orionrt.plan([0], [1], [8]).write("bin")


def test_in_place_is_named():
    graph = chain()
    y = graph.tensor(1024, name="y")
    graph.op("Relu", [1], [y], aliases=[("same_index", 0, 0, 0)])
    uses = graph.plan(in_place=True).assignment.in_place
    assert uses and all(len(use) == 3 for use in uses)


def test_another_graph_is_told():
    plan = chain().plan()
    other = chain()
    other.op("Copy", [1], [other.tensor(8, roles=["output"])])
    fault = orionrt.check(plan, other)
    assert fault is not None and fault.message
    with pytest.raises(orionrt.Error, match="Graph"):
        orionrt.check(plan.assignment)
    lifetimes = orionrt.plan([0], [1], [8])
    for call in (lambda: lifetimes.assignment, lambda: orionrt.check(lifetimes, chain())):
        with pytest.raises(orionrt.Error) as raised:
            call()
        assert raised.value.code == "misuse"


def test_streams_and_waits():
    graph = orionrt.Graph()
    x = graph.tensor(64, roles=["input"])
    left, right = graph.tensor(64), graph.tensor(64)
    out = graph.tensor(64, roles=["output"])
    split = graph.op("a", [x], [left])
    other = graph.op("b", [x], [right], stream=1)
    graph.op("join", [left, right], [out], waits=[other])
    assert split == 0 and graph.plan().peak_bytes >= 192
    assert orionrt.check(graph.plan(), graph) is None
    twin = orionrt.load(MODELS / "transformer_block.onnx")
    streamed = twin.on_streams(2)
    assert {op.stream for op in streamed.ops} == {0, 1} and any(op.waits for op in streamed.ops)
    assert orionrt.check(streamed.plan(), streamed) is None
    assert streamed.plan().peak_bytes >= twin.plan().lower_bound_bytes


def test_what_breaks_a_graph():
    def of(build):
        graph = orionrt.Graph()
        build(graph)
        return graph.plan()

    for build in (
        lambda g: g.tensor(),
        lambda g: g.tensor(-1),
        lambda g: g.tensor(1.5),
        lambda g: g.tensor(shape=(1, 2), dtype="float33"),
        lambda g: g.tensor(shape=(1, -2), dtype="float32"),
        lambda g: g.tensor(shape=(2**40, 2**40), dtype="float32"),
        lambda g: g.tensor(8, roles=["inputs"]),
        lambda g: g.tensor(8, alignment=-1),
        lambda g: g.op("x", [g.tensor(8, alignment=3, roles=["input"])], []),
        lambda g: g.tensor(8),
        lambda g: g.op("x", [3], []),
        lambda g: g.op("x", [-1], []),
        lambda g: g.op("x", [], [], workspace=-1),
        lambda g: g.op("x", [], [], waits=[7]),
        lambda g: g.op("x", [], [], waits=[0]),
        lambda g: g.op("x", [], [], stream=-1),
        lambda g: g.op("x", [], [], aliases=[("sideways", 0, 0, 0)]),
        lambda g: g.op("x", [], [], aliases=[("view", 5, 5, 0)]),
        lambda g: g.op("x", [], [g.tensor(8, view_of=9)]),
        lambda g: g.op("x", [], [g.tensor(2**62), g.tensor(2**62), g.tensor(2**62)]),
    ):
        with pytest.raises(orionrt.Error) as raised:
            of(build)
        assert raised.value.code == "bad_input", str(raised.value)
    with pytest.raises(orionrt.Error, match="power of two"):
        chain().plan(alignment=3)
    with pytest.raises(orionrt.Error):
        chain().on_streams(0)


def test_models():
    graph = orionrt.load(MODELS / "mobilenet_v2.onnx")
    same = orionrt.load((MODELS / "mobilenet_v2.onnx").read_bytes())
    assert isinstance(graph, orionrt.Graph) and len(graph) == len(same) > 50
    plan = graph.plan()
    assert plan.proven_optimal and orionrt.check(plan, same) is None
    assert graph.weight_bytes > 0 and graph.source.endswith("mobilenet_v2.onnx") and same.source == "bytes"
    assert graph.problem().plan().peak_bytes == plan.peak_bytes
    dims = {"batch": 2, "sequence": 16}
    whole = orionrt.load(MODELS / "encoder.onnx", dims=dims)
    held = orionrt.load(MODELS / "encoder.onnx", dims=dims, external=["inputs", "outputs"])
    assert len(held.problem()) < len(whole.problem())
    assert held.plan().peak_bytes <= whole.plan().peak_bytes
    with pytest.raises(orionrt.Error, match="nobody"):
        orionrt.load(MODELS / "encoder.onnx", dims=dims, external=["nobody"])
    with pytest.raises(orionrt.Error, match="nobody"):
        orionrt.load(MODELS / "encoder.onnx", dims=dims, shapes={"nobody": [1]})
    block = orionrt.load(MODELS / "transformer_block.onnx", views=True, in_place=True, colocate=True)
    assert block.plan().peak_bytes < block.plan(views=False, in_place=False, colocate=False).peak_bytes
    assert "alive together" in block.plan().explain() and "What would lower" in plan.explain()


def test_dims_and_inputs_reach_the_importer():
    with pytest.raises(orionrt.Error, match="negative"):
        orionrt.load(b"", format="onnx", dims={"batch": -1})
    with pytest.raises(orionrt.Error, match="nobody"):
        orionrt.load(MODELS / "mobilenet_v2.onnx", dims={"nobody": 3})


def test_pickle_of_a_graph():
    graph = chain()
    again = pickle.loads(pickle.dumps(graph))
    assert again.graph_id == graph.graph_id and len(again) == 2


def test_rules_for_ops(tmp_path):
    """Twice the width behind a Softmax, from a dict and from a file; a rule that is none is named."""
    model = MODELS / "transformer_block.onnx"
    plain = {tensor.name: tensor.bytes for tensor in orionrt.load(model).tensors}
    rule = {"op": "Softmax", "inputs": ["x"], "outputs": [{"shape": "x[:]", "dtype": "float64"}]}
    rules = {"schema": "orionrt.op_rules/1", "rules": [rule]}
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(rules))
    for given in (rules, path):
        graph = orionrt.load(model, op_rules=given, trust_shapes=False)
        made = [op.outputs[0] for op in graph.ops if op.type == "Softmax"]
        sizes = {tensor.id: tensor for tensor in graph.tensors}
        assert made and all(sizes[i].bytes == 2 * plain[sizes[i].name] for i in made)
    rule["outputs"][0]["shape"] = ["y[0]"]
    with pytest.raises(orionrt.Error, match=r"op_rules: rules\[0\]: .y\[0\]. reads") as raised:
        orionrt.load(model, op_rules=rules)
    assert raised.value.code == "bad_input"
