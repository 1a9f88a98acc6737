"""Models to run: those of a folder, with the dimensions beside them, and inputs to run them on."""

import heapq
import json
import zlib

import numpy as np
import onnx

import interpreter
import kernels
import orionrt

TRANSFORMS = ("views", "colocate", "in_place", "reorder")
#: What a model is planned with, one after another.
PLANS = [{}, *({name: True} for name in TRANSFORMS), dict.fromkeys(TRANSFORMS, True)]

#: Inputs that are no small random numbers, by model and name.
INPUTS = {
    "silero_vad.onnx": {"sr": 16000},
    "tiny_gpt2_beamsearch.onnx": {
        "max_length": 32,
        "min_length": 1,
        "num_beams": 4,
        "num_return_sequences": 1,
        "length_penalty": 1,
        "repetition_penalty": 1,
    },
}
#: Dimensions of the project's own models.
OWN = {"encoder.onnx": {"dims": {"batch": 2, "sequence": 16}}}


def of_name(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def input_of(tensor, values):
    """Small numbers: they are indices and masks as often as not."""
    if tensor.name in values:
        return np.full(tensor.shape, values[tensor.name], tensor.dtype)
    random = of_name(tensor.name)
    if tensor.dtype.startswith("float"):
        return random.uniform(-1, 1, tensor.shape).astype(tensor.dtype)
    return random.integers(0, 2, tensor.shape).astype(tensor.dtype)


def change_constant(name, value):
    """Filled weights would make all activations equal, and equal bytes hide that they are another's."""
    if value.element_type == onnx.TensorProto.FLOAT and value.nbytes > 4:
        value.numpy()[...] = of_name(name).uniform(-0.1, 0.1, value.shape)


def sort(graph):
    """Puts the nodes of a graph and its bodies into the order in which orionrt numbers them: at each step the earliest
    of the file whose inputs exist."""
    makers = {name: i for i, node in enumerate(graph.node) for name in node.output if name}
    left = [{makers[n] for n in kernels.inputs_of(node) if n in makers} for node in graph.node]
    readers = [[] for _ in left]
    for i, wanted in enumerate(left):
        for maker in wanted:
            readers[maker].append(i)
    ready = [i for i, wanted in enumerate(left) if not wanted]
    order = []
    while ready:
        order.append(heapq.heappop(ready))
        for reader in readers[order[-1]]:
            left[reader].discard(order[-1])
            if not left[reader]:
                heapq.heappush(ready, reader)
    nodes = [graph.node[i] for i in order]
    for node in nodes:
        for body in kernels.bodies_of(node).values():
            sort(body)
    if order != sorted(order):
        copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del graph.node[:]
        graph.node.extend(copies)


def fill(graph, folder):
    """Reads weights that lie beside the model; where they are not there, any will do."""
    for tensor in graph.initializer:
        if not onnx.external_data_helper.uses_external_data(tensor):
            continue
        try:
            onnx.external_data_helper.load_external_data_for_tensor(tensor, str(folder))
        except (OSError, ValueError, onnx.checker.ValidationError):
            dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
            tensor.raw_data = of_name(tensor.name).uniform(-0.1, 0.1, tuple(tensor.dims)).astype(dtype).tobytes()
        del tensor.external_data[:]
        tensor.data_location = onnx.TensorProto.DEFAULT


def load(path, overrides):
    """The model for onnx, and the graph that orionrt makes of it."""
    model = onnx.load(path, load_external_data=False)
    sort(model.graph)
    fill(model.graph, path.parent)
    dims, inputs = overrides.get("dims", {}), overrides.get("inputs", {})
    try:
        return model, orionrt.load(path, dims=dims, inputs=inputs)
    except orionrt.Error:
        return model, orionrt.load(path, dims={"*": 1, **dims}, inputs=inputs)


def interpreter_of(model, graph, values={}):
    weights = {tensor.name for tensor in model.graph.initializer}
    tensors = {tensor.name: tensor for tensor in graph.tensors}
    names = [value.name for value in model.graph.input if value.name not in weights]
    inputs = {name: input_of(tensors[name], values) for name in names}
    shapes = {tensor.name: (tensor.dtype, tensor.shape) for tensor in tensors.values()}
    return interpreter.Model(model, inputs, shapes, change_constant)


def plan_of(graph, **options):
    return json.loads(graph.plan(**options).write("json"))
