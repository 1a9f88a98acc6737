#!/usr/bin/env python3
"""Exports networks to ExecuTorch twice, planned by its greedy algorithm and by us, and compares. A Markdown table.

measure_executorch.py [NAME...]

Networks are small ones of here, with weights from a seed. Both programs come from one export, and run on ExecuTorch's
portable kernels; outputs of three runs in a row are compared bit by bit, ExecuTorch's own verifier judges both plans.
Bytes are those of all memories that a program asks for. Exit code 1 where an output differs or ours is larger. Needs
the packages orionrt, executorch and torch; exit code 77 without.
"""

import copy
import logging
import sys
import warnings

try:
    import torch
    from executorch.exir import ExecutorchBackendConfig, to_edge
    from executorch.exir.memory_planning import MemoryPlanningAlgorithmSuite, Verifier, greedy
    from executorch.exir.passes import MemoryPlanningPass
    from executorch.runtime import Runtime
    from orionrt.integrations.executorch import memory_planning_pass
    from torch import nn
except ImportError as error:
    print(f"left out: {error}")
    sys.exit(77)

RUNS = 3
FAST_BYTES = 1 << 15  # tensors up to here go into the second memory of a model that has two


class Branches(nn.Module):
    """Four ways side by side, joined: an Inception block."""

    def __init__(self, channels=32):
        super().__init__()
        self.ways = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, width, 1), nn.ReLU(), nn.Conv2d(width, 24, size, padding=size // 2))
            for width, size in [(16, 1), (24, 3), (32, 5), (48, 3)]
        )

    def forward(self, x):
        return torch.cat([way(x) for way in self.ways], 1)


class Dense(nn.Module):
    """Each layer reads the outputs of all before it."""

    def __init__(self, layers=8, growth=12):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(16 + i * growth, growth, 3, padding=1) for i in range(layers))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, torch.relu(layer(x))], 1)
        return x


class UNet(nn.Module):
    """Down and up again, with what was there on the way down kept for the way up."""

    def __init__(self):
        super().__init__()
        widths = [3, 8, 16, 32]
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in zip(widths, widths[1:]))
        self.up = nn.ModuleList(nn.Conv2d(b + a, a, 3, padding=1) for a, b in [(16, 32), (8, 16)])

    def forward(self, x):
        kept = []
        for conv in self.down:
            x = torch.relu(conv(x))
            kept.append(x)
            x = nn.functional.max_pool2d(x, 2)
        x = kept.pop()
        for conv in self.up:
            x = torch.cat([nn.functional.interpolate(x, scale_factor=2.0, mode="nearest"), kept.pop()], 1)
            x = torch.relu(conv(x))
        return x


class Attention(nn.Module):
    """One block of a transformer, its heads made by views."""

    def __init__(self, width=64, heads=4):
        super().__init__()
        self.heads, self.inward, self.outward = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = self.inward(self.first(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        weights = torch.softmax(q @ k.transpose(-1, -2) / 4.0, -1)
        x = x + self.outward((weights @ v).transpose(1, 2).reshape(batch, length, width))
        return x + self.narrow(torch.nn.functional.gelu(self.wide(self.second(x))))


class Counter(nn.Module):
    """Keeps what it saw from run to run."""

    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(64, 64))
        self.body = nn.Linear(64, 64)

    def forward(self, x):
        self.seen.add_(torch.tanh(self.body(x)))
        return torch.relu(self.seen) * 2 + x


class Chooses(nn.Module):
    """Two bodies behind a condition."""

    def __init__(self):
        super().__init__()
        self.before, self.behind = nn.Linear(64, 64), nn.Linear(64, 64)

    def forward(self, x):
        y = torch.relu(self.before(x))
        y = torch.cond(x.sum() > 0, lambda t: torch.sin(t) + t, lambda t: torch.cos(t * 2) - t, (y,))
        return self.behind(y) + x


class Mlp(nn.Sequential):
    def __init__(self):
        super().__init__(*(m for a, b in [(32, 256), (256, 64), (64, 10)] for m in (nn.Linear(a, b), nn.ReLU())))


#: Name, network, shape of the input; what else there is to say of it.
NETWORKS = {
    "mlp": (Mlp, (8, 32), {}),
    "branches": (Branches, (1, 32, 28, 28), {}),
    "dense": (Dense, (1, 16, 24, 24), {}),
    "unet": (UNet, (1, 3, 48, 48), {}),
    "attention": (Attention, (2, 48, 64), {}),
    "attention, up to 48 words": (Attention, (1, 48, 64), {"open": 1}),
    "attention, inputs and outputs of the caller's": (Attention, (2, 48, 64), {"caller": True}),
    "dense, in two memories": (Dense, (1, 16, 24, 24), {"memories": True}),
    "state": (Counter, (64, 64), {}),
    "condition": (Chooses, (64, 64), {}),
}


class InTwoMemories(MemoryPlanningPass):
    """Pins small tensors to a second memory, then plans."""

    def __init__(self, algorithm):
        super().__init__(memory_planning_algo=algorithm)

    def run(self, graph_module, graph_signature=None):
        for node in graph_module.graph.nodes:
            spec = node.meta.get("spec")
            for one in spec if isinstance(spec, (list, tuple)) else [spec]:
                if one is not None and not one.const:
                    one.mem_id = 2 if one.allocated_memory <= FAST_BYTES else 1
        return super().run(graph_module, graph_signature)


def planner(ours, how):
    made = memory_planning_pass() if ours else MemoryPlanningPass(MemoryPlanningAlgorithmSuite([greedy]))
    if how.get("memories"):
        return InTwoMemories(made.memory_planning_algo)
    made.alloc_graph_input = made.alloc_graph_output = not how.get("caller", False)
    return made


def program(edge, ours, how):
    """The program, its bytes, and how many specs share bytes with another."""
    pass_ = planner(ours, how)
    made = copy.deepcopy(edge).to_executorch(ExecutorchBackendConfig(memory_planning_pass=pass_))
    exported = made.exported_program()
    verifier = Verifier(
        exported.graph_module, pass_.alloc_graph_input, pass_.alloc_graph_output, True, exported.graph_signature
    )
    plan = made.executorch_program.execution_plan[0]
    return made.buffer, sum(plan.non_const_buffer_sizes), verifier.verify_storage_reuse()


def outputs(buffer, inputs):
    method = Runtime.get().load_program(buffer).load_method("forward")
    return [[value.clone() for value in method.execute(given)] for given in inputs]


def row(name):
    """Whether outputs agree, and ours is no larger."""
    make, shape, how = NETWORKS[name]
    torch.manual_seed(1)
    network = make().eval().requires_grad_(False)
    inputs = [(torch.randn(shape),) for _ in range(RUNS)]
    open_dims = {how["open"]: torch.export.Dim("length", min=2, max=shape[how["open"]])} if "open" in how else None
    if open_dims:
        inputs[1] = (inputs[1][0][:, :17].contiguous(),)
    exported = torch.export.export(network, inputs[0], dynamic_shapes=(open_dims,) if open_dims else None)
    edge = to_edge(exported)
    theirs, their_bytes, _ = program(edge, False, how)
    ours, our_bytes, pairs = program(edge, True, how)
    left, right = outputs(theirs, inputs), outputs(ours, inputs)
    equal = all(torch.equal(a, b) for x, y in zip(left, right, strict=True) for a, b in zip(x, y, strict=True))
    by = f"{100 * (our_bytes / their_bytes - 1):.1f} %"
    cells = [name, f"{their_bytes:,}", f"{our_bytes:,}", by, f"{pairs:,}", "equal" if equal else "DIFFER"]
    print(f"| {' | '.join(cells)} |", flush=True)
    return equal and our_bytes <= their_bytes


def main():
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    print("| network | greedy | ours | | pairs that share | outputs |\n|---|--:|--:|--:|--:|---|")
    good = [row(name) for name in sys.argv[1:] or NETWORKS]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
