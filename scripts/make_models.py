#!/usr/bin/env python3
"""Builds examples/models/*.onnx: real architectures, no weight data, the same bytes every time.

    /usr/bin/python3 scripts/make_models.py examples/models

Needs the Python package onnx (Debian: python3-onnx). Weights are initializers in external data that does not exist:
a planner needs their shapes alone. Constants that carry shapes are in the file.
"""
import sys
from pathlib import Path

from onnx import TensorProto, helper

IR_VERSION = 8
OPSET = 17


class Builder:
    def __init__(self):
        self.nodes, self.initializers = [], []

    def node(self, op, inputs, name, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def weights(self, name, *dims):
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
        tensor.dims.extend(dims)
        tensor.external_data.add(key="location", value="weights.bin")
        self.initializers.append(tensor)
        return name

    def ints(self, name, *values):
        self.initializers.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name

    def floats(self, name, *values):
        self.initializers.append(helper.make_tensor(name, TensorProto.FLOAT, [], values))
        return name

    def save(self, path, name, inputs, outputs):
        def info(pair):
            return helper.make_tensor_value_info(pair[0], TensorProto.FLOAT, pair[1])

        graph = helper.make_graph(self.nodes, name, [info(i) for i in inputs], [info(o) for o in outputs],
                                  self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="orionrt")
        model.ir_version = IR_VERSION
        path.write_bytes(model.SerializeToString(deterministic=True))
        print(f"{path}: {len(self.nodes)} nodes, {path.stat().st_size} bytes")


def make_mobilenet_v2(path):
    """Sandler et al. 2018, width 1.0, table 2; batch norms folded into the convolutions, ReLU6 as Clip."""
    b = Builder()
    low, high = b.floats("relu6_low", 0.0), b.floats("relu6_high", 6.0)

    def conv(x, name, c_in, c_out, kernel, stride, group=1, relu=True):
        w = b.weights(f"{name}.weight", c_out, c_in // group, kernel, kernel)
        bias = b.weights(f"{name}.bias", c_out)
        pad = kernel // 2
        y = b.node("Conv", [x, w, bias], name, kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[pad] * 4,
                   group=group)
        return b.node("Clip", [y, low, high], f"{name}.relu6") if relu else y

    x, channels = conv("image", "stem", 3, 32, 3, 2), 32
    block = 0
    for expansion, c_out, repeats, first_stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                                    (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(repeats):
            name, stride = f"block{block}", first_stride if i == 0 else 1
            hidden = channels * expansion
            y = conv(x, f"{name}.expand", channels, hidden, 1, 1) if expansion != 1 else x
            y = conv(y, f"{name}.depthwise", hidden, hidden, 3, stride, group=hidden)
            y = conv(y, f"{name}.project", hidden, c_out, 1, 1, relu=False)
            x = b.node("Add", [x, y], f"{name}.add") if stride == 1 and channels == c_out else y
            channels, block = c_out, block + 1
    x = conv(x, "head", channels, 1280, 1, 1)
    x = b.node("GlobalAveragePool", [x], "pool")
    x = b.node("Flatten", [x], "flatten", axis=1)
    b.node("Gemm", [x, b.weights("classifier.weight", 1000, 1280), b.weights("classifier.bias", 1000)], "logits",
           transB=1)
    b.save(path, "mobilenet_v2", [("image", [1, 3, 224, 224])], [("logits", [1, 1000])])


def make_encoder_block(path, batch, tokens, width, heads, inner):
    """One encoder block of BERT (Devlin et al. 2019): post-norm, explicit Q, K and V, GELU by Erf. A name in place of a
    number is a symbolic dimension, which Reshape copies (0)."""
    b = Builder()
    copied = [0 if isinstance(dim, str) else dim for dim in (batch, tokens)]
    split = b.ints("split_heads", *copied, heads, width // heads)
    join = b.ints("join_heads", *copied, width)

    def linear(x, name, c_in, c_out):
        y = b.node("MatMul", [x, b.weights(f"{name}.weight", c_in, c_out)], f"{name}.matmul")
        return b.node("Add", [y, b.weights(f"{name}.bias", c_out)], name)

    def heads_of(x, name, perm):
        y = linear(x, f"{name}.linear", width, width)
        return b.node("Transpose", [b.node("Reshape", [y, split], f"{name}.split")], name, perm=perm)

    def norm(x, name):
        return b.node("LayerNormalization", [x, b.weights(f"{name}.scale", width), b.weights(f"{name}.bias", width)],
                      name, axis=-1, epsilon=1e-12)

    q = heads_of("x", "query", [0, 2, 1, 3])
    k = heads_of("x", "key", [0, 2, 3, 1])
    v = heads_of("x", "value", [0, 2, 1, 3])
    scores = b.node("Div", [b.node("MatMul", [q, k], "scores"), b.floats("scale", (width // heads) ** 0.5)],
                    "scores.scaled")
    weights = b.node("Softmax", [b.node("Add", [scores, "mask"], "scores.masked")], "attention", axis=-1)
    context = b.node("Transpose", [b.node("MatMul", [weights, v], "context")], "context.transposed", perm=[0, 2, 1, 3])
    y = linear(b.node("Reshape", [context, join], "context.joined"), "attention.output", width, width)
    x = norm(b.node("Add", [y, "x"], "attention.residual"), "attention.norm")
    y = linear(x, "inner", width, inner)
    erf = b.node("Erf", [b.node("Div", [y, b.floats("sqrt2", 2.0 ** 0.5)], "gelu.scaled")], "gelu.erf")
    half = b.node("Mul", [b.node("Add", [erf, b.floats("one", 1.0)], "gelu.plus1"), b.floats("half", 0.5)], "gelu.half")
    y = linear(b.node("Mul", [y, half], "gelu"), "output.linear", inner, width)
    norm(b.node("Add", [y, x], "output.residual"), "output")
    given = [("x", [batch, tokens, width]), ("mask", [batch, 1, 1, tokens])]
    b.save(path, path.stem, given, [("output", [batch, tokens, width])])


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "examples/models")
    folder.mkdir(parents=True, exist_ok=True)
    make_mobilenet_v2(folder / "mobilenet_v2.onnx")
    # Of BERT-base; of BERT-tiny (Turc et al. 2019), for any batch and length.
    make_encoder_block(folder / "transformer_block.onnx", 1, 128, width=768, heads=12, inner=3072)
    make_encoder_block(folder / "encoder.onnx", "batch", "sequence", width=128, heads=2, inner=512)


if __name__ == "__main__":
    main()
