"""Small random graphs, valid in the opset asked for: chains of views, concatenations of what was just made, ops in
place through views, bodies that capture."""

import random

import numpy as np
import onnx
from onnx import TensorProto, helper

ROWS = 16  # floats in 64 bytes: slices along the outermost axis stay aligned
SHAPES = [(4, ROWS), (2, 2 * ROWS), (8, ROWS), (2, 4, ROWS), (ROWS,), (2, 3, ROWS)]
UNARY = ["Relu", "Neg", "Abs", "Sigmoid", "Tanh", "Identity", "Exp", "LeakyRelu", "Softmax", "Floor", "Elu"]
BINARY = ["Add", "Mul", "Sub", "Sum", "Min", "Max"]


class Builder:
    """The nodes of a graph or a body, and what may be read there: names and shapes."""

    def __init__(self, choose, opset, prefix="", outer=()):
        self.choose, self.opset, self.prefix = choose, opset, prefix
        self.nodes, self.initializers = [], []
        self.outer = list(outer)
        self.tensors = []
        self.count = 0

    def name(self):
        self.count += 1
        return f"{self.prefix}t{self.count}"

    def pick(self):
        """One of the last tensors rather than of the first, now and then one from outside."""
        if self.outer and (not self.tensors or self.choose.random() < 0.3):
            return self.choose.choice(self.outer)
        recent = self.tensors[-5:] if self.choose.random() < 0.7 else self.tensors
        return self.choose.choice(recent)

    def of_shape(self, shape):
        return [t for t in self.tensors + self.outer if t[1] == shape]

    def whole(self, values):
        """An int64 constant."""
        name = self.prefix + f"c{len(self.initializers)}"
        self.initializers.append(onnx.numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def node(self, op, inputs, shapes, **attributes):
        outputs = [(self.name(), shape) for shape in shapes]
        self.nodes.append(helper.make_node(op, inputs, [n for n, _ in outputs], **attributes))
        self.tensors += outputs
        return outputs

    def axes(self, op, tensor, axes, shape):
        """Squeeze, Unsqueeze and reductions: axes are an attribute before opset 13 (reductions: 18), then an input."""
        since = 18 if op.startswith("Reduce") else 13
        if self.opset >= since:
            self.node(op, [tensor, self.whole(axes)], [shape])
        else:
            self.node(op, [tensor], [shape], axes=axes)


def unary(b):
    name, shape = b.pick()
    op = b.choose.choice(UNARY)
    b.node(op, [name], [shape], **({"axis": len(shape) - 1} if op == "Softmax" else {}))


def binary(b):
    name, shape = b.pick()
    other = b.choose.choice(b.of_shape(shape))[0]
    pair = [name, other]
    b.choose.shuffle(pair)
    b.node(b.choose.choice(BINARY), pair, [shape])


def broadcast(b):
    name, shape = b.pick()
    b.node(b.choose.choice(["Add", "Mul"]), [name, b.choose.choice(["row", "one"])], [shape])


def reshape(b):
    name, shape = b.pick()
    count = int(np.prod(shape))
    to = b.choose.choice([s for s in [*SHAPES, (count,), (count // ROWS, ROWS)] if int(np.prod(s)) == count])
    b.node("Reshape", [name, b.whole(to)], [to])


def unsqueeze(b):
    name, shape = b.pick()
    if shape[0] == 1:
        b.axes("Squeeze", name, [0], shape[1:])
    elif len(shape) < 4:
        b.axes("Unsqueeze", name, [0], (1, *shape))


def flatten(b):
    name, shape = b.pick()
    b.node("Flatten", [name], [(shape[0], int(np.prod(shape[1:])))])


def transpose(b):
    name, shape = b.pick()
    b.node("Transpose", [name], [shape[::-1]])


def cut(b):
    """A slice of the outermost axis, or of the innermost, which is no view."""
    name, shape = b.pick()
    axis = b.choose.choice([0, 0, len(shape) - 1])
    if shape[axis] < 2:
        return
    begin = b.choose.randrange(shape[axis] - 1)
    end = b.choose.randrange(begin + 1, shape[axis] + 1)
    cut_to = (*shape[:axis], end - begin, *shape[axis + 1 :])
    if b.opset >= 10:
        b.node("Slice", [name, b.whole([begin]), b.whole([end]), b.whole([axis])], [cut_to])
    else:
        b.node("Slice", [name], [cut_to], starts=[begin], ends=[end], axes=[axis])


def split(b):
    name, shape = b.pick()
    if shape[0] % 2:
        return
    half = (shape[0] // 2, *shape[1:])
    if b.opset >= 13:
        b.node("Split", [name, b.whole([half[0]] * 2)], [half, half], axis=0)
    else:
        b.node("Split", [name], [half, half], axis=0, split=[half[0]] * 2)


def concat(b):
    """Of tensors with equal rows, along the outermost axis: what was made last comes first."""
    _, shape = b.pick()
    fitting = [t for t in b.tensors[-8:] + b.outer if t[1][1:] == shape[1:] and len(t[1]) == len(shape)]
    if not fitting or sum(t[1][0] for t in fitting) > 64:
        return
    parts = b.choose.choices(fitting, k=b.choose.randint(1, 3)) if b.choose.random() < 0.2 else fitting[-3:]
    b.node("Concat", [n for n, _ in parts], [(sum(s[0] for _, s in parts), *shape[1:])], axis=0)


def multiply(b):
    name, shape = b.pick()
    b.node("MatMul", [name, "square"], [shape]) if shape[-1] == ROWS and len(shape) > 1 else unary(b)


def reduce(b):
    name, shape = b.pick()
    b.axes("ReduceMean", name, [0], (1, *shape[1:]))


def cast(b):
    name, shape = b.pick()
    to = b.choose.choice([TensorProto.INT32, TensorProto.FLOAT16, TensorProto.DOUBLE])
    middle = b.node("Cast", [name], [shape], to=to)
    b.tensors.pop()
    b.node("Cast", [middle[0][0]], [shape], to=TensorProto.FLOAT)


def body(b, letter, inputs=()):
    """A Builder for a body, with a few ops in it."""
    inner = Builder(b.choose, b.opset, f"{b.prefix}{letter}{len(b.nodes)}_", [*b.outer, *b.tensors])
    inner.tensors += [(inner.prefix + name, shape) for name, shape in inputs]
    grow(inner, b.choose.randint(1, 5), deep=False)
    return inner


def graph_of(inner, inputs, outputs):
    infos = [[helper.make_tensor_value_info(n, kind, s) for n, s, kind in part] for part in (inputs, outputs)]
    return helper.make_graph(inner.nodes, inner.prefix or "graph", *infos, inner.initializers)


def last_of(inner, shape):
    """A tensor of that shape that the body itself makes."""
    return inner.node("Abs", [inner.choose.choice(inner.of_shape(shape))[0]], [shape])[0][0]


def branch(b):
    _, shape = b.pick()
    bodies = {}
    for attribute in ("then_branch", "else_branch"):
        inner = body(b, attribute[0])
        bodies[attribute] = graph_of(inner, [], [(last_of(inner, shape), shape, TensorProto.FLOAT)])
    b.node("If", ["flag"], [shape], **bodies)


def loop(b):
    """Carries one tensor, scans another out."""
    name, shape = b.pick()
    inner = body(b, "l", [("carried", shape)])
    state, seen = last_of(inner, shape), last_of(inner, shape)
    going = inner.prefix + "going"
    inner.nodes.append(helper.make_node("Identity", [inner.prefix + "on"], [going]))
    given = [("i", (), TensorProto.INT64), ("on", (), TensorProto.BOOL), ("carried", shape, TensorProto.FLOAT)]
    given = [(inner.prefix + n, s, kind) for n, s, kind in given]
    made = [(going, (), TensorProto.BOOL), *((n, shape, TensorProto.FLOAT) for n in (state, seen))]
    trips = b.choose.randint(1, 3)
    b.node("Loop", [b.whole(trips), "", name], [shape, (trips, *shape)], body=graph_of(inner, given, made))


def scan(b):
    name, shape = b.pick()
    if len(shape) < 2 or b.opset < 9:
        return
    state = b.choose.choice(b.tensors + b.outer)
    inner = body(b, "s", [("state", state[1]), ("row", shape[1:])])
    given = [(inner.prefix + n, s, TensorProto.FLOAT) for n, s in (("state", state[1]), ("row", shape[1:]))]
    made = [(last_of(inner, s), s, TensorProto.FLOAT) for s in (state[1], shape[1:])]
    b.node("Scan", [state[0], name], [state[1], shape], body=graph_of(inner, given, made), num_scan_inputs=1)


OPS = [unary, unary, binary, binary, broadcast, reshape, reshape, unsqueeze, flatten, transpose, cut, split, concat,
       concat, multiply, reduce, cast]
DEEP = [branch, loop, scan]


def grow(b, ops, deep):
    for _ in range(ops):
        b.choose.choice(DEEP if deep and b.choose.random() < 0.12 else OPS)(b)


def model_of(seed, opset):
    """A model; inputs x, y and flag, outputs whatever nobody reads, and some of the rest."""
    choose = random.Random(seed)
    b = Builder(choose, opset)
    inputs = [("x", choose.choice(SHAPES)), ("y", choose.choice(SHAPES))]
    b.tensors += inputs
    numbers = np.random.default_rng(seed)
    for name, shape in (("row", (1,)), ("one", ()), ("square", (ROWS, ROWS))):
        array = numbers.uniform(-1, 1, shape).astype(np.float32)
        b.initializers.append(onnx.numpy_helper.from_array(array, name))
    grow(b, choose.randint(6, 24), deep=True)
    read = {name for node in b.nodes for name in node.input}
    outputs = [(n, s) for n, s in b.tensors[2:] if n not in read or choose.random() < 0.1]
    given = [(n, s, TensorProto.FLOAT) for n, s in inputs] + [("flag", (), TensorProto.BOOL)]
    graph = graph_of(b, given, [(n, s, TensorProto.FLOAT) for n, s in outputs])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
