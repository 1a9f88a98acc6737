#!/usr/bin/env python3
"""Writes irregularly wired nets as orionrt.graph/1 JSON: what an order of ops can gain most on.

irregular_nets.py OUT_DIR [--rule any|first] [--seeds 1,2,3,4,5]

RandWire (Xie, Kirillov, Girshick, He, ICCV 2019): three Watts-Strogatz graphs of 32 nodes, k = 4, p = 0.75, at 78, 156
and 312 channels; a node is a weighted sum of all its inputs, ReLU and a separable convolution. NASNet-A (Zoph et al.,
CVPR 2018), AmoebaNet-A (Real et al., AAAI 2019), PNASNet-5 (Liu et al., ECCV 2018) and DARTS (Liu et al., ICLR 2019):
their cells, stacked as for CIFAR and ImageNet. Batch 1, float32, batch normalisation folded into convolutions, weights
left out. The same arguments give the same bytes.

--rule says what may be computed in place: `any`: an element-wise op over any input of the output's size; `first`: over
the first such input alone, and no n-ary sum at all (the rule of HMCOS, Wang et al., DAC 2022, to compare with it).
"""
import argparse
import json
import pathlib
import random

ELEMENT_WISE = {"Relu", "Add", "Sum", "Mean", "Flatten"}
FIRST_ONLY = {"Relu", "Add", "Flatten"}


class Net:
    """A graph in the making. A tensor is (id, channels, side); side 0: a vector."""

    def __init__(self, rule):
        self.rule, self.tensors, self.ops = rule, [], []

    def tensor(self, channels, side, roles=()):
        index = len(self.tensors)
        shape = [1, channels, side, side] if side else [1, channels]
        elements = channels * (side * side if side else 1)
        self.tensors.append({"id": index, "name": f"t{index}", "bytes": 4 * elements, "dtype": "float32",
                             "shape": shape})
        if roles:
            self.tensors[-1]["roles"] = list(roles)
        return index, channels, side

    def op(self, kind, inputs, channels, side):
        out = self.tensor(channels, side)
        row = {"id": len(self.ops), "name": f"{kind}_{len(self.ops)}", "type": kind,
               "inputs": [tensor[0] for tensor in inputs], "outputs": [out[0]]}
        elements = lambda tensor: tensor[1] * (tensor[2] ** 2 if tensor[2] else 1)
        same = [place for place, tensor in enumerate(inputs) if elements(tensor) == elements(out)]
        if self.rule == "first":
            same = same[:1] if kind in FIRST_ONLY else []
        elif kind not in ELEMENT_WISE:
            same = []
        if same:
            row["aliases"] = [{"kind": "same_index", "output": 0, "input": place} for place in same]
        self.ops.append(row)
        return out

    def conv(self, x, channels, stride=1):
        return self.op("Conv", [x], channels, -(-x[2] // stride))

    def separable(self, x, channels, stride=1):
        return self.conv(self.conv(x, x[1], stride), channels)

    def relu(self, x):
        return self.op("Relu", [x], x[1], x[2])

    def head(self, x, classes):
        x = self.op("GlobalAveragePool", [x], x[1], 1)
        x = self.op("Flatten", [x], x[1], 0)
        x = self.op("Gemm", [x], classes, 0)
        self.tensors[x[0]]["roles"] = ["output"]

    def json(self):
        rows = lambda key, items: f'"{key}": [\n' + ",\n".join(json.dumps(item) for item in items) + "\n]"
        return '{"schema": "orionrt.graph/1",\n' + rows("tensors", self.tensors) + ",\n" + rows("ops", self.ops) + "}\n"


def watts_strogatz(n, k, p, rng):
    """Predecessors per node: a ring where each is joined to k neighbours, each edge rewired with probability p; edges
    run from the lower number to the higher."""
    near = [{(i + d) % n for d in range(-(k // 2), k // 2 + 1) if d} for i in range(n)]
    for step in range(1, k // 2 + 1):
        for i in range(n):
            j = (i + step) % n
            if rng.random() >= p or j not in near[i]:
                continue
            free = [v for v in range(n) if v != i and v not in near[i]]
            if not free:
                continue
            other = free[rng.randrange(len(free))]
            near[i].remove(j), near[j].remove(i)
            near[i].add(other), near[other].add(i)
    return [sorted(j for j in near[i] if j < i) for i in range(n)]


def randwire(rule, seed):
    net, rng = Net(rule), random.Random(seed)
    x = net.tensor(3, 224, ["input"])
    x = net.conv(net.relu(net.conv(x, 39, 2)), 78, 2)
    for channels in (78, 156, 312):
        before = watts_strogatz(32, 4, 0.75, rng)
        outs = []
        for earlier in before:
            y = x
            if earlier:
                y = outs[earlier[0]]
                if len(earlier) > 1:
                    y = net.op("Sum", [outs[j] for j in earlier], channels, outs[0][2])
            outs.append(net.separable(net.relu(y), channels, 1 if earlier else 2))
        ends = [outs[i] for i in range(32) if not any(i in earlier for earlier in before)]
        x = net.op("Mean", ends, channels, ends[0][2])
    net.head(net.conv(x, 1280), 1000)
    return net


# Per cell: blocks of two (op, input) that are added, then which blocks are joined. Inputs 0 and 1: the cell before the
# last, and the last.
NASNET = ([[("sep", 1), ("sep", 0)], [("sep", 0), ("sep", 0)], [("pool", 1), ("id", 0)], [("pool", 0), ("pool", 0)],
           [("sep", 1), ("id", 1)]], [0, 2, 3, 4, 5, 6],
          [[("sep", 1), ("sep", 0)], [("pool", 1), ("sep", 0)], [("pool", 1), ("sep", 0)], [("id", 3), ("pool", 2)],
           [("sep", 2), ("pool", 1)]], [3, 4, 5, 6])
AMOEBANET = ([[("pool", 0), ("pool", 0)], [("id", 0), ("pool", 1)], [("sep", 2), ("sep", 1)], [("sep", 2), ("id", 1)],
              [("pool", 4), ("sep", 0)]], [3, 5, 6],
             [[("pool", 0), ("sep", 1)], [("pool", 1), ("pool", 0)], [("pool", 0), ("sep", 2)],
              [("sep", 0), ("pool", 1)],
              [("sep", 3), ("line", 0)]], [4, 5, 6])
PNAS_CELL = [[("sep", 0), ("pool", 0)], [("sep", 1), ("pool", 1)], [("sep", 1), ("sep", 1)], [("sep", 4), ("pool", 1)],
             [("sep", 0), ("pool", 1)]]
PNAS = (PNAS_CELL, [2, 3, 4, 5, 6], PNAS_CELL, [2, 3, 4, 5, 6])
DARTS = ([[("sep", 0), ("sep", 1)], [("sep", 0), ("sep", 1)], [("sep", 1), ("id", 0)], [("id", 0), ("dil", 2)]],
         [2, 3, 4, 5],
         [[("pool", 0), ("pool", 1)], [("id", 2), ("pool", 1)], [("pool", 0), ("id", 2)], [("id", 2), ("pool", 1)]],
         [2, 3, 4, 5])


def branch(net, kind, x, channels, stride):
    if kind == "sep":
        return net.separable(net.relu(net.separable(net.relu(x), channels, stride)), channels)
    if kind == "dil":
        return net.separable(net.relu(x), channels, stride)
    if kind == "line":
        return net.conv(net.conv(x, channels, stride), channels)
    if kind == "pool":
        return net.op("AveragePool", [x], x[1], -(-x[2] // stride))
    return x


def fit(net, x, side, channels):
    """The cell before the last, brought to the size of the last."""
    y = net.relu(x)
    if x[2] == side:
        return net.conv(y, channels)
    half = net.conv(net.op("AveragePool", [y], y[1], side), channels // 2)
    moved = net.op("AveragePool", [net.op("Pad", [y], y[1], y[2])], y[1], side)
    return net.op("Concat", [half, net.conv(moved, channels - channels // 2)], channels, side)


def cell(net, before, last, channels, blocks, joined, stride):
    last = net.conv(net.relu(last), channels)
    parts = [last if before is None else fit(net, before, last[2], channels), last]
    for block in blocks:
        pair = [branch(net, kind, parts[place], channels, stride if place < 2 else 1) for kind, place in block]
        parts.append(net.op("Add", pair, channels, pair[0][2]))
    parts = [parts[place] for place in joined]
    return net.op("Concat", parts, sum(part[1] for part in parts), parts[0][2])


def stacked(rule, cells, imagenet, repeats, channels):
    net = Net(rule)
    x = net.tensor(3, 224 if imagenet else 32, ["input"])
    before, last = None, net.conv(x, 32, 2 if imagenet else 1)
    normal = "n" * repeats
    for kind in ("rr" if imagenet else "") + normal + "r" + normal + "r" + normal:
        channels *= 2 if kind == "r" else 1
        half = 0 if kind == "n" else 2
        before, last = last, cell(net, before, last, int(channels), cells[half], cells[half + 1], 2 if half else 1)
    net.head(net.relu(last), 1000 if imagenet else 100)
    return net


NETS = {
    "nasnet_cifar": lambda rule: stacked(rule, NASNET, False, 6, 32),
    "nasnet_imagenet": lambda rule: stacked(rule, NASNET, True, 4, 11),
    "amoebanet_cifar": lambda rule: stacked(rule, AMOEBANET, False, 6, 36),
    "amoebanet_imagenet": lambda rule: stacked(rule, AMOEBANET, True, 4, 12.5),
    "pnas_cifar": lambda rule: stacked(rule, PNAS, False, 3, 48),
    "pnas_imagenet": lambda rule: stacked(rule, PNAS, True, 3, 13.5),
    "darts_cifar": lambda rule: stacked(rule, DARTS, False, 6, 36),
    "darts_imagenet": lambda rule: stacked(rule, DARTS, True, 4, 12),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--rule", choices=("any", "first"), default="any")
    parser.add_argument("--seeds", default="1,2,3,4,5")
    options = parser.parse_args()
    nets = dict(NETS)
    for seed in map(int, options.seeds.split(",")):
        nets[f"randwire_{seed}"] = lambda rule, seed=seed: randwire(rule, seed)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, make in nets.items():
        (options.out / f"{name}.json").write_text(make(options.rule).json())


if __name__ == "__main__":
    main()
