"""onnxruntime as a box of kernels: one session a node, bound to whatever bytes it is told."""

import ctypes
import os
import zlib

os.environ.setdefault("ALLOW_RELEASED_ONNX_OPSET_ONLY", "0")

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper

#: Larger constants are given as inputs: a session would keep a copy of each.
MOST_OF_INITIALIZERS = 1 << 20
#: As onnxruntime's own allocator.
ALIGNMENT = 64
#: What these do is known without a kernel, however a file may spell their axes.
VIEWS = {"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity"}


class CannotRun(Exception):
    """A node that onnxruntime has no kernel for, or whose kernel refuses what it is given."""


class Value:
    """A tensor: type, shape, and where its bytes are. `owner` keeps them."""

    def __init__(self, element_type, shape, address, count, owner=None):
        self.element_type, self.shape = element_type, shape
        self.address, self.nbytes, self.owner = address, count, owner

    def bytes(self):
        """A view of the bytes."""
        if self.nbytes == 0:
            return np.zeros(0, np.uint8)
        return np.frombuffer((ctypes.c_uint8 * self.nbytes).from_address(self.address), np.uint8)

    def numpy(self):
        """A view as an array, of the types that numpy has."""
        return self.bytes().view(helper.tensor_dtype_to_np_dtype(self.element_type)).reshape(self.shape)

    def at(self, address):
        """The same type and shape elsewhere."""
        return Value(self.element_type, self.shape, address, self.nbytes)


def value_of(array):
    """A copy of a numpy array."""
    array = np.asarray(array)
    made = _value(helper.np_dtype_to_tensor_dtype(array.dtype), array.shape, array.nbytes)
    made.numpy()[...] = array
    return made


def value_like(value):
    """Of the same type and shape, in bytes of its own."""
    return _value(value.element_type, value.shape, value.nbytes)


def _value(element_type, shape, count):
    memory = np.empty(count + ALIGNMENT, np.uint8)
    address = -(-memory.ctypes.data // ALIGNMENT) * ALIGNMENT
    return Value(element_type, tuple(shape), address, count, memory)


def aligned(value):
    """The value, or a copy where kernels would begin in the middle of a vector and add up in another order."""
    if value.address % ALIGNMENT == 0:
        return value
    made = value_like(value)
    made.bytes()[:] = value.bytes()
    return made


def value_of_ort(made):
    return Value(made.element_type(), tuple(made.shape()), made.data_ptr(), made.tensor_size_in_bytes(), made)


def value_of_proto(tensor):
    """A constant, by a session of its own: packed and small types as onnxruntime lays them out."""
    node = helper.make_node("Constant", [], ["y"], value=tensor)
    session = _session([node], [], [helper.make_tensor_value_info("y", tensor.data_type, None)], [], [("", 25)])
    binding = session.io_binding()
    binding.bind_output("y")
    session.run_with_iobinding(binding)
    return value_of_ort(binding.get_outputs()[0])


def _session(nodes, inputs, outputs, initializers, opsets, functions=()):
    graph = helper.make_graph(nodes, "node", inputs, outputs, initializers)
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10, functions=functions)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def captured(graph):
    """Names that the body of a control-flow op reads from outside, in the order of their first use."""
    made = {t.name for t in graph.initializer} | {i.name for i in graph.input}
    wanted = {}
    for node in graph.node:
        names = list(node.input)
        for body in bodies_of(node).values():
            names += captured(body)
        wanted.update((name, None) for name in names if name and name not in made)
        made.update(node.output)
    wanted.update((o.name, None) for o in graph.output if o.name not in made)
    return list(wanted)


def bodies_of(node):
    """The bodies of a control-flow op, by attribute."""
    return {a.name: a.g for a in node.attribute if a.type == onnx.AttributeProto.GRAPH}


def inputs_of(node):
    """What a node reads, captured names too, each once."""
    names = list(node.input)
    for body in bodies_of(node).values():
        names += captured(body)
    return list(dict.fromkeys(name for name in names if name))


class Kernels:
    """Sessions of one model's nodes; equal nodes of equal types share one."""

    def __init__(self, opsets):
        self.opsets = {}
        for opset in opsets:  # some exporters write a domain twice
            self.opsets[opset.domain] = max(opset.version, self.opsets.get(opset.domain, 0))
        self.sessions = {}

    def reference(self, node, inputs, constants):
        """Outputs in bytes of their own, one a named output; inputs: Values by name."""
        binding = self._bound(node, inputs, constants)
        names = [name for name in node.output if name]
        for name in names:
            binding[1].bind_output(name)
        self._run(*binding)
        return dict(zip(names, map(value_of_ort, binding[1].get_outputs())))

    def run(self, node, inputs, outputs, constants):
        """Writes the outputs where `outputs` (Values by name) say."""
        session, binding = self._bound(node, inputs, constants)
        made = {name: aligned(value) for name, value in outputs.items()}
        for name, value in made.items():
            binding.bind_output(name, "cpu", 0, value.element_type, value.shape, value.address)
        self._run(session, binding)
        for name, value in outputs.items():
            if made[name] is not value:
                value.bytes()[:] = made[name].bytes()

    def _bound(self, node, inputs, constants):
        small = {n for n in constants if inputs[n].nbytes <= MOST_OF_INITIALIZERS}
        held = {name: aligned(value) for name, value in inputs.items() if name not in small}
        try:
            session = self._of(node, inputs, small)
            binding = session.io_binding()
            for name, value in held.items():
                binding.bind_input(name, "cpu", 0, value.element_type, value.shape, value.address)
        except Exception as error:  # whatever onnxruntime raises; it has no common base
            raise CannotRun(f"{type(error).__name__}: {error}") from None
        binding.held = held  # as long as onnxruntime reads it
        return session, binding

    @staticmethod
    def _run(session, binding):
        try:
            session.run_with_iobinding(binding)
        except Exception as error:
            raise CannotRun(f"{type(error).__name__}: {error}") from None

    def _of(self, node, inputs, small):
        held = {n: inputs[n].bytes().tobytes() for n in sorted(small)}
        types = tuple((n, inputs[n].element_type, n in small and inputs[n].shape) for n in inputs)
        key = (node.SerializeToString(), types, tuple(held.items()))
        if key not in self.sessions:
            constants = [
                helper.make_tensor(n, inputs[n].element_type, inputs[n].shape, held[n], raw=True) for n in sorted(small)
            ]
            given = [
                helper.make_tensor_value_info(n, v.element_type, None) for n, v in inputs.items() if n not in small
            ]
            outputs = [onnx.ValueInfoProto(name=name) for name in node.output if name]
            runnable, opsets = self._runnable(node)
            self.sessions[key] = _session([runnable], given, outputs, constants, opsets)
        return self.sessions[key]

    def _runnable(self, node):
        """As onnxruntime takes it: without attributes that the op has not, in an opset that has the op."""
        opsets = dict(self.opsets)
        if node.domain in ("", "ai.onnx") and onnx.defs.has(node.op_type):
            version = opsets.get("", opsets.get("ai.onnx", 1))
            if not onnx.defs.has(node.op_type, version, ""):
                opsets[""] = version = onnx.defs.get_schema(node.op_type).since_version
            known = onnx.defs.get_schema(node.op_type, version, "").attributes
            if any(a.name not in known for a in node.attribute):
                kept = [a for a in node.attribute if a.name in known]
                node = onnx.NodeProto.FromString(node.SerializeToString())
                del node.attribute[:]
                node.attribute.extend(kept)
        return node, opsets.items()


def stand_in(node, inputs, shapes):
    """Where there is no kernel: outputs that depend on every byte of the inputs; shapes: (dtype, shape) by name."""
    if node.op_type in VIEWS:
        _, shape = shapes[node.output[0]]
        made = value_of(inputs[node.input[0]].numpy().reshape(shape))
        return {node.output[0]: made}
    seed = zlib.crc32(node.SerializeToString())
    for value in inputs.values():
        seed = zlib.crc32(value.bytes(), seed)
    random = np.random.default_rng(seed)
    made = {}
    for name in (n for n in node.output if n in shapes):
        dtype, shape = shapes[name]
        if dtype.startswith("float"):
            array = random.uniform(-1, 1, shape).astype(dtype)
        else:
            array = random.integers(0, 2, shape).astype(dtype)
        made[name] = value_of(array)
    return made
