"""Control flow: If, Loop and Scan run their bodies op by op, in the bytes that the plan gives to bodies."""

import itertools

import kernels
import numpy as np
from kernels import Value, value_like, value_of


def run(model, scope, op, node):
    """Whether it was an op whose bodies are run here; all others are one kernel."""
    if node.domain not in ("", "ai.onnx") or node.op_type not in RUNNERS:
        return False
    return RUNNERS[node.op_type](Runner(model, scope, op, node))


class Carried:
    """A tensor on its way between runs of a body: both of its values, in bytes of its own."""

    def __init__(self, reference, planned):
        self.reference, self.planned = detached(reference), detached(planned)

    def piece(self, i):
        """Element i of the outermost axis."""
        return Carried(_piece(self.reference, i), _piece(self.planned, i))


def detached(value):
    made = value_like(value)
    made.bytes()[:] = value.bytes()
    return made


def _piece(value, i):
    step = value.nbytes // value.shape[0]
    return Value(value.element_type, value.shape[1:], value.address + i * step, step, value)


def stacked(pieces, body_output):
    """Equal pieces as one tensor, on a new outermost axis; no pieces: empty, of the type that the body states."""
    if not pieces:
        tensor = body_output.type.tensor_type
        shape = (0, *(d.dim_value for d in tensor.shape.dim))
        return Value(tensor.elem_type, shape, kernels.ALIGNMENT, 0)
    whole = Value(pieces[0].element_type, (len(pieces), *pieces[0].shape), 0, sum(piece.nbytes for piece in pieces))
    made = value_like(whole)
    made.bytes()[:] = np.concatenate([piece.bytes() for piece in pieces])
    return made


class Runner:
    """One control-flow op of one run of its graph."""

    def __init__(self, model, scope, op, node):
        self.model, self.scope, self.op, self.node = model, scope, op, node
        self.graphs = kernels.bodies_of(node)

    def attribute(self, name, otherwise):
        for attribute in self.node.attribute:
            if attribute.name == name:
                return list(attribute.ints) or attribute.i
        return otherwise

    def carried(self, names):
        found = [self.scope.find(name) for name in names]
        return [Carried(t.reference, t.planned or t.reference) for t in found]

    def body(self, attribute, iteration, given):
        """Runs a body once on what is given for its inputs; what its outputs are then."""
        model, graph = self.model, self.graphs[attribute]
        places = self.scope.places.bodies.get((self.op, attribute))
        if places is None:
            raise kernels.CannotRun(f"no plan: of body {attribute}")
        inner = model.enter(graph, places, self.scope, (*self.scope.path, (self.op, attribute, iteration)))
        for value, tensor in zip(graph.input, given):
            model.give(inner, value.name, tensor.reference, tensor.planned)
        model.run_graph(inner)
        found = [inner.find(output.name) for output in graph.output]
        for tensor, output in zip(found, graph.output):
            model.check(tensor, f'output "{output.name}" of {attribute}')
        return [Carried(t.reference, t.planned or t.reference) for t in found]

    def finish(self, results):
        for name, tensor in zip(self.node.output, results):
            if name:
                self.model.give(self.scope, name, tensor.reference, tensor.planned)
        return True

    def stack(self, columns, attribute, first):
        outputs = self.graphs[attribute].output[first:]
        return [
            Carried(stacked([p.reference for p in pieces], output), stacked([p.planned for p in pieces], output))
            for pieces, output in zip(columns, outputs)
        ]


def run_if(runner):
    condition = runner.carried(runner.node.input[:1])[0].reference.numpy()
    return runner.finish(runner.body("then_branch" if condition.item() else "else_branch", 0, []))


def run_loop(runner):
    trips, going = runner.node.input[0], (*runner.node.input, "")[1]
    most = int(runner.scope.find(trips).reference.numpy().item()) if trips else None
    condition = runner.carried([going])[0] if going else constant(np.array(True))
    state = runner.carried(runner.node.input[2:])
    columns = [[] for _ in runner.graphs["body"].output[1 + len(state):]]
    for i in itertools.count():
        if i == most or not condition.reference.numpy().item():
            break
        made = runner.body("body", i, [constant(np.array(i, np.int64)), condition, *state])
        condition, state = made[0], made[1 : 1 + len(state)]
        for column, piece in zip(columns, made[1 + len(state) :]):
            column.append(piece)
    return runner.finish(state + runner.stack(columns, "body", 1 + len(state)))


def run_scan(runner):
    count = runner.attribute("num_scan_inputs", 0)
    plain = all(not any(np.atleast_1d(runner.attribute(name, 0))) for name in SCAN_OPTIONS)
    if len(runner.node.input) != len(runner.graphs["body"].input) or not plain:
        return False  # of opset 8, or along another axis: one kernel
    inputs = runner.carried(runner.node.input)
    state, scanned = inputs[:-count], inputs[-count:]
    columns = [[] for _ in runner.graphs["body"].output[len(state) :]]
    for i in range(scanned[0].reference.shape[0]):
        made = runner.body("body", i, state + [tensor.piece(i) for tensor in scanned])
        state = made[: len(state)]
        for column, piece in zip(columns, made[len(state) :]):
            column.append(piece)
    return runner.finish(state + runner.stack(columns, "body", len(state)))


def constant(array):
    return Carried(value_of(array), value_of(array))


SCAN_OPTIONS = ["scan_input_axes", "scan_output_axes", "scan_input_directions", "scan_output_directions"]
RUNNERS = {"If": run_if, "Loop": run_loop, "Scan": run_scan}
