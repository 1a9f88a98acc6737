"""Programs of torch.export: their graphs, and their answers out of planned bytes. Where torch is installed."""

import functools

import pytest

import orionrt

torch = pytest.importorskip("torch")
np = pytest.importorskip("numpy")


class Branches(torch.nn.Module):
    """Views, slices, a transposed output, pointwise ops, and a buffer that is written in place."""

    def __init__(self):
        super().__init__()
        self.first, self.last = torch.nn.Linear(16, 32), torch.nn.Linear(32, 8)
        self.register_buffer("calls", torch.zeros(4))

    def forward(self, x):
        self.calls.add_(1)
        h = torch.relu(self.first(x)).view(-1, 32)
        a, b = h.split(16, dim=1)
        left, right = torch.tanh(a * 2) + self.calls[0], torch.sigmoid(b) * self.calls[1]
        low, where = (left - right).max(dim=1)
        return self.last(h), (low.unsqueeze(1) + left).t(), where


class Written(torch.nn.Module):
    """A tensor that is read, written in place, and read again, by itself and through a slice."""

    def forward(self, x):
        h = x + 1
        before = h * 3
        h[:, :2].mul_(10)
        h.add_(before)
        return h.exp().sum(dim=1), before.sum()


class Attention(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.project, self.out = torch.nn.Linear(24, 72), torch.nn.Linear(24, 24)

    def forward(self, x):
        q, k, v = self.project(x).unflatten(-1, (3, 4, 6)).permute(2, 0, 3, 1, 4).unbind(0)
        y = torch.softmax(q @ k.transpose(-1, -2) / 3, dim=-1) @ v
        return x + torch.nn.functional.gelu(self.out(y.transpose(1, 2).flatten(2)))


PROGRAMS = [(Branches, (6, 16)), (Written, (5, 8)), (Attention, (2, 7, 24))]


@functools.lru_cache
def exported(model, shape, decomposed=False):
    program = export(model, shape)
    return program.run_decompositions() if decomposed else program


def export(model, shape, dynamic=None):
    torch.manual_seed(0)
    return torch.export.export(model().eval(), (torch.randn(shape),), dynamic_shapes=dynamic)


class Run:
    """Runs the nodes of a program in the order of a plan, every tensor at its place in the pool."""

    def __init__(self, program, graph, pool, inputs, owned):
        self.program, self.graph, self.pool, self.owned = program, graph, pool, owned
        self.ids = {tensor.name: tensor.id for tensor in graph.tensors}
        self.values, self.nodes = {}, {node.name: node for node in program.graph.nodes}
        names = program.graph_signature.user_inputs
        for name, value in zip(names, inputs):
            self.values[name] = self.put(name, value)

    def put(self, name, value):
        """The value in the bytes of the tensor of that name; what lies there already must lie just there."""
        there = torch.from_numpy(self.pool.bytes(self.ids[name]))
        if value.numel() and value.data_ptr() == there.data_ptr():
            return value
        into = torch.as_strided(there.view(value.dtype), value.shape, value.stride())
        into.copy_(value)
        return into

    def value(self, node):
        if node.name not in self.values:  # no op of the graph: what is the module's, an element of several
            if node.op == "placeholder":
                signature = self.program.graph_signature
                names = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
                self.values[node.name] = self.owned[names[node.name]]
            else:
                self.values[node.name] = self.call(node)
        return self.values[node.name]

    def call(self, node):
        args, kwargs = torch.fx.node.map_arg((node.args, node.kwargs), self.value)
        return node.target(*args, **kwargs)

    def step(self, node):
        made = self.call(node)
        if isinstance(made, (list, tuple)):
            made = [self.put(f"{node.name}.{i}", value) for i, value in enumerate(made)]
        elif node.name in self.ids:
            made = self.put(node.name, made)
        self.values[node.name] = made

    def results(self, order):
        ops = {op.id: self.nodes[op.name] for op in self.graph.ops}
        for op in order:
            self.step(ops[op])
        wanted = self.program.graph_signature.user_outputs
        return [self.value(self.nodes[name]).clone() for name in wanted]


@pytest.mark.parametrize("model, shape", PROGRAMS, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize(
    "decomposed, options",
    [
        (False, {}),
        (True, {"in_place": True}),
        (False, {"in_place": True, "views": True, "reorder": True}),
        (True, {"in_place": True, "views": True, "reorder": True}),
        (False, {"streams": 2}),
    ],
    ids=str,
)
def test_the_same_answers_out_of_planned_bytes(model, shape, decomposed, options):
    program = exported(model, shape, decomposed)
    inputs = torch.randn(shape)
    owned = {name: value.clone() for name, value in {**program.state_dict, **program.constants}.items()}
    wanted = program.module()(inputs.clone())  # which writes to the module's buffers
    graph = orionrt.from_exported_program(program)
    options = dict(options)
    if "streams" in options:
        graph = graph.on_streams(options.pop("streams"))
    plan = graph.plan(**options)
    assert orionrt.check(plan, graph) is None
    memory = np.full(plan.assignment.required_bytes[0] + 64, 0xFF, dtype=np.uint8)  # NaN where nobody wrote
    memory = memory[-memory.ctypes.data % 64 :][: plan.assignment.required_bytes[0]]
    pool = orionrt.TensorPool(graph, plan, memory=memory)
    for name, value in program.state_dict.items():
        value.data.copy_(owned[name])
    found = Run(program, graph, pool, [inputs], owned).results(plan.assignment.order)
    wanted = [wanted] if isinstance(wanted, torch.Tensor) else list(wanted)
    assert len(found) == len(wanted)
    for mine, theirs in zip(found, wanted):
        torch.testing.assert_close(mine, theirs)


def test_in_place_outputs_lower_the_peak():
    class Chain(torch.nn.Module):
        def forward(self, x):
            return torch.relu(torch.exp(torch.cat([x, x, x])))

    graph = orionrt.from_exported_program(exported(Chain, (16, 16)))
    assert graph.plan(in_place=True).peak_bytes == 4 * 1024 and graph.plan().peak_bytes == 6 * 1024


def test_storages_are_what_is_placed():
    graph = orionrt.from_exported_program(exported(Branches, (6, 16)))
    by_name = {tensor.name: tensor for tensor in graph.tensors}
    assert by_name["x"].bytes == 6 * 16 * 4 and by_name["x"].shape == [6, 16] and by_name["x"].dtype == "float32"
    assert not [name for name in by_name if "weight" in name or "calls" in name]  # the module's own
    problem = graph.problem()
    assert len(problem) < len(graph.tensors)  # views have no buffer
    split = next(op for op in graph.ops if op.name == "split")
    assert split.type.startswith("split") and len(split.outputs) == 2


def test_symbolic_sizes():
    batch = torch.export.Dim("batch", min=2, max=64)
    program = export(Branches, (6, 16), ({0: batch},))
    (symbol,) = [str(symbol) for symbol in program.range_constraints]
    same = [{symbol: 8}, {"x[0]": 8}, {"*": 8}]
    peaks = [orionrt.from_exported_program(program, dims).plan().peak_bytes for dims in same]
    assert len(set(peaks)) == 1
    fixed = orionrt.from_exported_program(exported(Branches, (8, 16))).plan().peak_bytes
    assert peaks[0] == fixed < orionrt.from_exported_program(program, {symbol: 64}).plan().peak_bytes
    cases = [
        ({}, f'"x": its size is {symbol}.*' + r'give dims=\{"x\[0\]": N\}'),
        ({"x[0]": 65}, "from 2 to 64"),
        ({"*": 1}, "from 2 to 64"),
        ({"x[0]": -3}, "from 2 to 64"),
        ({"x[0]": 4.5}, "a whole number, not 4.5"),
        ({"y[0]": 4}, r'"y\[0\]" is no symbolic size; there are: ' + symbol + r" = x\[0\]"),
        ({symbol: 4, "x[0]": 5}, "both 4 and 5"),
    ]
    for dims, message in cases:
        with pytest.raises(orionrt.Error, match=message) as told:
            orionrt.from_exported_program(program, dims)
        assert told.value.code == "bad_input"


def test_what_is_not_read():
    class Either(torch.nn.Module):
        def forward(self, x):
            return torch.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, (x,))

    with pytest.raises(orionrt.Error, match="control-flow") as told:
        orionrt.from_exported_program(exported(Either, (4,)))
    assert told.value.code == "unsupported"
    with pytest.raises(orionrt.Error, match="ExportedProgram is wanted, not Linear") as told:
        orionrt.from_exported_program(torch.nn.Linear(2, 2))
    assert told.value.code == "bad_input"
