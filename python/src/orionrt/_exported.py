"""Graphs of torch.export. torch is imported when one is read, and not before."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Iterator, Mapping
from typing import Any

from ._core import Graph
from ._errors import Error


def from_exported_program(program: Any, dims: Mapping[str, int] = {}) -> Graph:
    """The graph of a torch.export.ExportedProgram, its tensors as large as their storages.

    Tensors of one storage are views of the first of them, wherever they begin. Parameters, buffers and constants are
    the module's own and no part of the graph; nor are nodes that compute sizes. Ops have the names of their nodes.
    Those that write in place keep their order to all that uses the same storage. Outputs of pointwise ops may lie on
    inputs of the same layout (``plan(in_place=True)``).

    dims: what symbolic sizes are, by symbol (``"s77"``) or by input and dimension (``"x[0]"``); ``"*"``: all others.

    Raises Error: "bad_input" that names the node and the dimension that lacks a value, or a value out of its range;
    "unsupported" for torch.cond and its like, whose bodies have graphs of their own.
    """
    torch = importlib.import_module("torch")
    if not isinstance(program, torch.export.ExportedProgram):
        raise Error(f"program: a torch.export.ExportedProgram is wanted, not {type(program).__name__}", "bad_input")
    return _Reader(torch, program, _Sizes(program, dims)).read()


class _Sizes:
    """Symbolic numbers of a program, as the caller sets them."""

    def __init__(self, program: Any, dims: Mapping[str, int]) -> None:
        self.ranges = {str(symbol): bounds for symbol, bounds in program.range_constraints.items()}
        self.places: dict[str, list[str]] = {}  # by symbol: "x[0]"
        user_inputs = set(program.graph_signature.user_inputs)
        for node in program.graph.nodes:
            if node.op != "placeholder" or node.name not in user_inputs:
                continue
            for axis, size in enumerate(getattr(node.meta.get("val"), "shape", ())):
                if not isinstance(size, int) and size.node.expr.is_symbol:
                    self.places.setdefault(str(size.node.expr), []).append(f"{node.name}[{axis}]")
        self.integer: Any = importlib.import_module("sympy").Integer
        self.values: dict[str, int] = {}
        self.default = dims.get("*")
        for name, value in dims.items():
            if name != "*":
                self._set(name, value)

    def _set(self, name: str, value: int) -> None:
        symbol = next((symbol for symbol, places in self.places.items() if name in places), name)
        if symbol not in self.ranges and symbol not in self.places:
            known = [self._label(symbol) for symbol in sorted(set(self.ranges) | set(self.places))]
            raise Error(f'dims: "{name}" is no symbolic size; there are: {", ".join(known) or "none"}', "bad_input")
        self._check(symbol, value)
        if self.values.setdefault(symbol, value) != value:
            raise Error(f"dims: {self._label(symbol)} is both {self.values[symbol]} and {value}", "bad_input")

    def _check(self, symbol: str, value: int) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Error(f"dims: {self._label(symbol)} is a whole number, not {value!r}", "bad_input")
        bounds = self.ranges.get(symbol)
        if value < 0 or (bounds is not None and not (bounds.lower <= value <= bounds.upper)):
            allowed = f"from {bounds.lower} to {bounds.upper}" if bounds is not None else "from 0 on"
            raise Error(f"dims: {self._label(symbol)} is {value}, and the program is for sizes {allowed}", "bad_input")

    def _label(self, symbol: str) -> str:
        return " = ".join([symbol, *self.places.get(symbol, [])])

    def number(self, size: Any, where: str) -> int:
        """A size, an offset or a stride, with all symbols set."""
        if isinstance(size, int):
            return size
        expression = size.node.expr
        bound = {}
        for symbol in sorted(expression.free_symbols, key=str):
            value = self.values.get(str(symbol), self.default)
            if value is None:
                label = self._label(str(symbol))
                remedy = f'dims={{"{self.places.get(str(symbol), [str(symbol)])[0]}": N}}'
                raise Error(f'node "{where}": its size is {expression}, and {label} is open; give {remedy}',
                            "bad_input")
            self._check(str(symbol), value)
            bound[symbol] = self.integer(value)
        found = expression.xreplace(bound)
        if not found.is_integer or found < 0:
            raise Error(f'node "{where}": its size {expression} comes to {found}', "bad_input")
        return int(found)


class _Reader:
    """Goes through the nodes once, in execution order."""

    def __init__(self, torch: Any, program: Any, sizes: _Sizes) -> None:
        self.torch, self.program, self.sizes = torch, program, sizes
        self.graph = Graph()
        self.roots: dict[int, int] = {}  # by storage: the tensor that is all of it
        self.own: set[int] = set()  # storages of the module
        self.ids: dict[Any, list[int | None]] = {}  # by node: its tensors; None: the module's
        self.writer: dict[int, int] = {}  # by storage: the last op that wrote in place,
        self.users: dict[int, list[int]] = {}  # and the ops that have used it since
        self.outputs: set[int] = set()  # storages that outlive the run

    def read(self) -> Graph:
        signature = self.program.graph_signature
        user_inputs = set(signature.user_inputs)
        nodes = list(self.program.graph.nodes)
        for node in nodes:
            if node.op == "output":
                self.outputs = {
                    storage for source in node.all_input_nodes for storage in map(_storage, self._values(source))
                }
            if node.op == "placeholder" and node.name not in user_inputs:
                self.own.update(map(_storage, self._values(node)))
        for node in nodes:
            if node.op == "placeholder":
                self._results(node, ["input"])
            elif node.op == "call_function" and node.target is operator.getitem:
                self._pick(node)
            elif node.op == "call_function":
                self._op(node)
            elif node.op == "get_attr":
                self._constant(node)
        return self.graph

    def _values(self, node: Any) -> list[Any]:
        """The tensors that a node gives."""
        value = node.meta.get("val")
        values = value if isinstance(value, (list, tuple)) else [value]
        return [v for v in values if isinstance(v, self.torch.Tensor)]

    def _constant(self, node: Any) -> None:
        values = self._values(node)
        if not values and isinstance(getattr(self.program.graph_module, node.target, None), self.torch.nn.Module):
            raise Error(f'node "{node.name}": bodies of control-flow ops are not read', "unsupported")
        self.own.update(map(_storage, values))
        self.ids[node] = [None] * len(values)

    def _pick(self, node: Any) -> None:
        """getitem: one of the tensors of a node that gives several, or of a list of them."""
        source, index = node.args
        values = source.meta.get("val")
        if not self._values(node) or not isinstance(values, (list, tuple)):
            self.ids[node] = []
            return
        before = [v for v in values[:index] if isinstance(v, self.torch.Tensor)]
        self.ids[node] = [self.ids[source][len(before)]]

    def _results(self, node: Any, roles: list[str]) -> list[int]:
        """Tensors for what a node gives; those of a storage that is known are views of it."""
        values, made = self._values(node), []
        self.ids[node] = []
        for number, value in enumerate(values):
            name = node.name if len(values) == 1 else f"{node.name}.{number}"
            tensor = None if _storage(value) in self.own else self._tensor(value, name, roles)
            self.ids[node].append(tensor)
            if tensor is not None:
                made.append(tensor)
        return made

    def _tensor(self, value: Any, name: str, roles: list[str]) -> int:
        storage = _storage(value)
        shape = [self.sizes.number(size, name) for size in value.shape]
        strides = [self.sizes.number(stride, name) for stride in value.stride()]
        offset = self.sizes.number(value.storage_offset(), name) * value.element_size()
        bytes_ = _extent(shape, strides) * value.element_size()
        root = self.roots.get(storage)
        whole = self.sizes.number(value.untyped_storage().nbytes(), name)
        fills = root is not None or (offset == 0 and bytes_ == whole)
        told: dict[str, Any] = {"name": name}
        if fills and strides == _dense(shape):
            told.update(shape=shape, dtype=str(value.dtype).removeprefix("torch."))
        if root is not None:
            return self.graph.tensor(bytes_, view_of=root, view_offset=offset, **told)
        kept = [*roles, *(["output"] if storage in self.outputs else [])]
        self.roots[storage] = self.graph.tensor(whole, roles=kept, **told)
        return self.roots[storage]

    def _op(self, node: Any) -> None:
        sources = node.all_input_nodes
        inputs = [t for source in sources for t in self.ids.get(source, []) if t is not None]
        outputs = self._results(node, [])
        written = {_storage(v) for argument in self._written(node) for v in self._values(argument)}
        if not inputs and not outputs and not written:
            return  # sizes, and views of what is the module's own
        used = {_storage(v) for source in [*sources, node] for v in self._values(source)}
        op = self.graph.op(
            _name_of(node.target),
            inputs,
            outputs,
            name=node.name,
            after=sorted(self._after(used, written)),
            has_effects=bool(written),
            aliases=[("same_index", 0, i, 0) for i in self._alike(node, inputs)] if len(outputs) == 1 else [],
        )
        for storage in used:
            if storage in written:
                self.writer[storage] = op
                self.users[storage] = []
            else:
                self.users.setdefault(storage, []).append(op)

    def _after(self, used: set[int], written: set[int]) -> set[int]:
        before = {self.writer[storage] for storage in used if storage in self.writer}
        for storage in written:
            before.update(self.users.get(storage, []))
        return before

    def _written(self, node: Any) -> Iterator[Any]:
        """Nodes whose tensors an op writes in place, by its schema."""
        schema = getattr(node.target, "_schema", None)
        for position, argument in enumerate(schema.arguments if schema is not None else []):
            if argument.alias_info is None or not argument.alias_info.is_write:
                continue
            given = node.args[position] if position < len(node.args) else node.kwargs.get(argument.name)
            for one in given if isinstance(given, (list, tuple)) else [given]:
                if isinstance(one, self.torch.fx.Node):
                    yield one

    def _alike(self, node: Any, inputs: list[int]) -> Iterator[int]:
        """Positions of inputs that a pointwise op may be computed over: whole storages of its output's layout."""
        (output,) = self._values(node)
        if self.torch.Tag.pointwise not in getattr(node.target, "tags", ()) or not self._is_root(node):
            return
        for source in node.all_input_nodes:
            values = self._values(source)
            if len(values) != 1 or self.ids[source] == [None] or not self._is_root(source):
                continue
            layouts = [[self.sizes.number(n, node.name) for n in (*v.shape, *v.stride())] for v in (output, values[0])]
            if layouts[0] == layouts[1] and output.element_size() == values[0].element_size():
                yield inputs.index(self.ids[source][0] or 0)

    def _is_root(self, node: Any) -> bool:
        (value,) = self._values(node)
        return self.ids[node] == [self.roots.get(_storage(value))]


def _storage(value: Any) -> int:
    """Identifies the storage of a tensor, as long as the program lives."""
    return int(value.untyped_storage()._cdata)


def _extent(shape: list[int], strides: list[int]) -> int:
    """Elements from the first to the last."""
    if 0 in shape:
        return 0
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides))


def _dense(shape: list[int]) -> list[int]:
    """Strides of rows that follow one another."""
    strides = [1]
    for size in reversed(shape[1:]):
        strides.insert(0, strides[0] * max(size, 1))
    return strides if shape else []


def _name_of(target: Any) -> str:
    return str(getattr(target, "__name__", target))
