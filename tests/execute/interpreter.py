"""Runs a planned model op by op out of one arena, in step with itself without sharing, and compares every read."""

import random

import bodies
import kernels
import numpy as np
from kernels import CannotRun, value_like, value_of, value_of_proto

RANDOM_OPS = {"RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli"}


class WrongBytes(Exception):
    """An op would read what the plan has let others overwrite."""


def copy(values, outputs):
    for name, value in outputs.items():
        value.bytes()[:] = values[name].bytes()


class Tensor:
    """What a name stands for: its value without sharing, and its bytes in the arena (None: it is not planned)."""

    def __init__(self, reference, planned=None, constant=False):
        self.reference, self.planned, self.constant = reference, planned, constant


class Places:
    """Where a graph or a body has its tensors, out of a plan as JSON."""

    def __init__(self, plan):
        begin = plan.get("begin", 0)
        if "tensors" in plan:
            self.offsets = {t["name"]: (t.get("offset", 0), t["bytes"]) for t in plan["tensors"]}
        else:
            self.offsets = {b["name"]: (begin + b["offset"], b["size"]) for b in plan["buffers"]}
        self.order = plan["order"]
        self.launches = plan.get("launches")
        self.vanished = set(plan.get("vanished_ops", []))
        self.bodies = {(b["op"], b["attribute"]): Places(b) for b in plan.get("bodies", [])}


class Arena:
    """Random bytes, aligned, as large as the plan says and no larger."""

    def __init__(self, count, alignment, seed):
        self.memory = np.random.default_rng(seed).integers(0, 256, count + alignment, np.uint8)
        self.base = -(-self.memory.ctypes.data // alignment) * alignment
        self.count = count

    def place(self, value, offset):
        if offset < 0 or offset + value.nbytes > self.count:
            raise WrongBytes(f"bytes {offset} to {offset + value.nbytes} of an arena of {self.count}")
        return value.at(self.base + offset)


def interleaved(places, seed):
    """The ops of several streams in some order that their waits allow; of one stream as they come."""
    if places.launches is None:
        return places.order
    choose = random.Random(seed)
    left = {}
    for op, launch in zip(places.order, places.launches):
        left.setdefault(launch["stream"], []).append((op, set(launch["waits"])))
    order, done = [], set()
    while any(left.values()):
        ready = [ops for ops in left.values() if ops and ops[0][1] <= done]
        if not ready:
            raise WrongBytes("the streams wait for each other for ever")
        order.append(choose.choice(ready).pop(0)[0])
        done.add(order[-1])
    return order


class Scope:
    """The names of a graph or a body, one of its runs."""

    def __init__(self, graph, places, outer, path):
        self.graph, self.places, self.outer, self.path = graph, places, outer, path
        self.tensors = {}
        self.folded = set()
        self.read = {name for node in graph.node for name in kernels.inputs_of(node)} | {o.name for o in graph.output}

    def look(self, name):
        """None: there is no such tensor yet."""
        scope = self
        while scope is not None and name not in scope.tensors:
            scope = scope.outer
        return scope and scope.tensors[name]

    def find(self, name):
        tensor = self.look(name)
        if tensor is None:
            raise WrongBytes(f'"{name}" is read before an op has made it')
        return tensor


class Made:
    """What an op makes without sharing. `again`: how its bytes come about in the arena, given Values by name."""

    def __init__(self, values, again):
        self.values, self.again = values, again


class Model:
    """A model, its sessions, and what its ops make without sharing; run() takes one plan of it after another."""

    def __init__(self, model, inputs, shapes, change_constant=None):
        """inputs: arrays by name; shapes: (dtype, shape) by name, for ops without a kernel; change_constant: is given
        the name and Value of what ops of no input make, and may change its bytes."""
        self.graph = model.graph
        self.kernels = kernels.Kernels(model.opset_import)
        self.inputs = {name: value_of(array) for name, array in inputs.items()}
        self.shapes = shapes
        self.change_constant = change_constant
        self.made = {}  # Made by path and op
        self.constants = {}
        self.skips = {}  # (op, why): how many nodes; what onnxruntime did not run
        self.reads = 0

    def run(self, plan, seed, mutate=None):
        """Raises WrongBytes. plan: as JSON; mutate: is given the Places first."""
        places = Places(plan)
        if mutate:
            mutate(places)
        self.arena = Arena(plan["required_bytes"], max(64, plan["base_alignment"]), seed)
        self.seed = seed
        scope = self.enter(self.graph, places, None, ())
        for name, value in self.inputs.items():
            self.give(scope, name, value)
        self.run_graph(scope)
        for output in self.graph.output:
            self.check(scope.find(output.name), f'output "{output.name}"')

    def enter(self, graph, places, outer, path):
        """path: (op, attribute, iteration) from the outermost graph on."""
        scope = Scope(graph, places, outer, path)
        for tensor in graph.initializer:
            key = (*((op, attribute) for op, attribute, _ in path), tensor.name)
            if key not in self.constants:
                self.constants[key] = value_of_proto(tensor)
            scope.tensors[tensor.name] = Tensor(self.constants[key], constant=True)
        self.fold(scope)
        return scope

    def fold(self, scope):
        """What ops of constants alone make, where the plan has no place for it; such ops have no time of their own."""
        for op, node in enumerate(scope.graph.node):
            found = [scope.look(name) for name in kernels.inputs_of(node)]
            if node.op_type in RANDOM_OPS or any(name in scope.places.offsets for name in node.output):
                continue
            if all(tensor is not None and tensor.constant for tensor in found):
                inputs = dict(zip(kernels.inputs_of(node), found))
                for name, value in self.without_sharing(scope, op, node, inputs).values.items():
                    scope.tensors[name] = Tensor(value, constant=True)
                scope.folded.add(op)

    def run_graph(self, scope):
        for op in interleaved(scope.places, self.seed):
            if op in scope.folded:
                continue
            node = scope.graph.node[op]
            try:
                self.run_op(scope, op, node)
            except WrongBytes as wrong:
                raise WrongBytes(f'op {op} {node.op_type} "{node.name}": {wrong}') from None

    def check(self, tensor, what):
        """Compares a tensor as it lies in the arena, where it does."""
        if tensor.planned is None:
            return
        self.reads += 1
        have, want = tensor.planned.bytes(), tensor.reference.bytes()
        if not np.array_equal(have, want):
            wrong = np.flatnonzero(have != want)
            raise WrongBytes(f"{what}: {len(wrong)} of {len(want)} bytes are wrong, from byte {wrong[0]} on")

    def give(self, scope, name, reference, planned=None):
        """`name` comes from outside: with the bytes of `planned`, or as it is without sharing."""
        tensor = scope.tensors[name] = Tensor(reference, self.placed(scope, name, reference))
        if tensor.planned is not None:
            tensor.planned.bytes()[:] = (planned or reference).bytes()

    def placed(self, scope, name, reference):
        """The arena's bytes for a tensor; None where it has none and needs none."""
        if name not in scope.places.offsets:
            if name in scope.read and reference.nbytes > 0:
                raise WrongBytes(f'"{name}" has no place')
            return None
        offset, count = scope.places.offsets[name]
        if reference.nbytes > count:
            raise WrongBytes(f'"{name}" has {reference.nbytes} bytes, and a place of {count}')
        return self.arena.place(reference, offset)

    def run_op(self, scope, op, node):
        inputs = {name: scope.find(name) for name in kernels.inputs_of(node)}
        for name, tensor in inputs.items():
            self.check(tensor, f'reads "{name}"')
        if bodies.run(self, scope, op, node):
            return
        made = self.without_sharing(scope, op, node, inputs)
        outputs = {}
        for name, value in made.values.items():
            tensor = scope.tensors[name] = Tensor(value, self.placed(scope, name, value))
            if tensor.planned is not None:
                outputs[name] = tensor.planned
        if outputs and op not in scope.places.vanished:
            made.again({name: t.planned or t.reference for name, t in inputs.items()}, outputs)

    def without_sharing(self, scope, op, node, inputs):
        key = (scope.path, op)
        if key not in self.made:
            given = {name: t.reference for name, t in inputs.items()}
            constants = {name for name, t in inputs.items() if t.constant}
            self.made[key] = self.make(node, given, constants, scope)
        return self.made[key]

    def make(self, node, given, constants, scope):
        try:
            values = self.kernels.reference(node, given, constants)
        except CannotRun as error:
            return self.stand_in(node, given, scope, error)
        if node.op_type in RANDOM_OPS:
            return Made(values, lambda inputs, outputs: copy(values, outputs))
        if self.change_constant and node.op_type == "ConstantOfShape" and len(constants) == len(given):
            self.change_constant(node.output[0], values[node.output[0]])
            return Made(values, lambda inputs, outputs: copy(values, outputs))

        def again(inputs, outputs):
            elsewhere = {name: value_like(v) for name, v in values.items() if name not in outputs}
            self.kernels.run(node, inputs, {**outputs, **elsewhere}, constants)

        return Made(values, again)

    def stand_in(self, node, given, scope, error):
        """For what onnxruntime does not run, where the outputs' shapes are known."""
        if scope.outer is not None or any(name not in self.shapes for name in node.output if name in scope.read):
            raise error
        why = (f"{node.domain}:{node.op_type}".lstrip(":"), str(error).split(":")[0])
        self.skips[why] = self.skips.get(why, 0) + 1
        values = kernels.stand_in(node, given, self.shapes)
        return Made(values, lambda inputs, outputs: copy(kernels.stand_in(node, inputs, self.shapes), outputs))
