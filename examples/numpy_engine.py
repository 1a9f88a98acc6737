"""A small engine in numpy: the tensors of a network lie where a plan puts them, and the answers stay the same.

    python examples/numpy_engine.py

It runs one network four times: every tensor with bytes of its own; with bytes shared; with outputs in place; and with
its branches on two streams, which are threads here. Needs numpy.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import orionrt

Array = npt.NDArray[np.float32]
Kernel = Callable[..., Any]  # writes its first argument, reads the others


def relu(out: Array, x: Array) -> None:
    np.maximum(x, 0, out=out)


class Network:
    """Ops, their kernels, and weights, which are nobody's to plan."""

    def __init__(self, width: int) -> None:
        self.graph = orionrt.Graph()
        self.width = width
        self.kernels: dict[int, Kernel] = {}
        self.random = np.random.default_rng(0)

    def tensor(self, name: str, *roles: str, times: int = 1) -> int:
        return self.graph.tensor(shape=(8, times * self.width), dtype="float32", name=name, roles=roles)

    def op(self, kind: str, kernel: Kernel, inputs: list[int], output: int, elementwise: bool = False) -> None:
        # Element by element: the output may lie on the first input, if that is not read again.
        aliases = [("same_index", 0, 0, 0)] if elementwise else []
        self.kernels[self.graph.op(kind, inputs, [output], aliases=aliases)] = kernel

    def dense(self, x: int, y: int) -> None:
        rows, columns = (self.graph.tensors[i].shape[1] for i in (x, y))
        weight = self.random.standard_normal((rows, columns)).astype(np.float32) / 8
        self.op("MatMul", lambda out, x: np.matmul(x, weight, out=out), [x], y)


def make_network(width: int = 64, depth: int = 4) -> Network:
    """An input, two branches of `depth` blocks, four times as wide inside, and their sum."""
    net = Network(width)
    given = net.tensor("given", "input")
    ends = []
    for branch in ("left", "right"):
        x = given
        for layer in range(depth):
            hidden, active = (net.tensor(f"{branch}.{layer}.{name}", times=4) for name in ("hidden", "active"))
            net.dense(x, hidden)
            net.op("Relu", relu, [hidden], active, elementwise=True)
            x = net.tensor(f"{branch}.{layer}")
            net.dense(active, x)
        ends.append(x)
    net.op("Add", lambda out, a, b: np.add(a, b, out=out), ends, net.tensor("answer", "output"), elementwise=True)
    return net


def call(net: Network, pool: orionrt.TensorPool, op: orionrt.Op) -> None:
    net.kernels[op.id](pool[op.outputs[0]], *(pool[x] for x in op.inputs))


def run(net: Network, graph: orionrt.Graph, plan: orionrt.Plan, given: Array) -> Array:
    """One thread a stream; an op runs when those that it waits for have ended."""
    pool = orionrt.TensorPool(graph, plan)
    pool["given"][:] = given
    ops = {op.id: op for op in graph.ops}
    ended = {op: threading.Event() for op in ops}

    def work(stream: int) -> None:
        for op in (ops[i] for i in plan.assignment.order if ops[i].stream == stream):
            for other in op.waits:
                ended[other].wait()
            call(net, pool, op)
            ended[op.id].set()

    threads = [threading.Thread(target=work, args=(s,)) for s in sorted({op.stream for op in graph.ops})]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answer: Array = pool["answer"].copy()
    return answer


def main() -> None:
    net = make_network()
    given = np.random.default_rng(1).standard_normal((8, net.width)).astype(np.float32)
    graph, streamed = net.graph, net.graph.on_streams(2)
    expected = run(net, graph, graph.plan("no_reuse"), given)
    for name, on, plan in [
        ("bytes of its own", graph, graph.plan("no_reuse")),
        ("reuse", graph, graph.plan()),
        ("in place", graph, graph.plan(in_place=True)),
        ("two streams", streamed, streamed.plan()),
    ]:
        np.testing.assert_array_equal(run(net, on, plan, given), expected)
        proven = ", proven: no plan needs less" if plan.proven_optimal else ""
        print(f"{name:18}{plan.peak_bytes // 1024:5} KiB{proven}; same answer")


if __name__ == "__main__":
    main()
