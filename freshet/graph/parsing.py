"""Graphs from their text: `parse`, which reads what `freshet.graph.text` prints."""

from __future__ import annotations

import ast
import base64
import importlib
import pkgutil
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from freshet import ops
from freshet.core import dtypes
from freshet.core.errors import OpError
from freshet.core.shapes import UNKNOWN_SHAPE, TensorType
from freshet.core.tensor import Array
from freshet.graph.ir import Graph, Node, Value
from freshet.ops.primitive import PRIMITIVES

_HEAD: Final = re.compile(r"graph (\w+)\((.*)\) \{")
_TYPED: Final = re.compile(r"%(\w+): (\w+)\[([\d,?]*|\*)\]")
_TYPES: Final = re.compile(rf"(?:{_TYPED.pattern}(?:, |$))*")
_LINE: Final = re.compile(r"(%.*?) = (\w+)\((.*)\)")
_UPDATE: Final = re.compile(r"update %(\w+) = %(\w+)")
_RETURN: Final = re.compile(r"return((?: %\w+,?)*)")
_STRING: Final = r"""'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*\""""
_COMMENT: Final = re.compile(rf"({_STRING})|(?:^|\s+)#.*")
_NAME: Final = re.compile(rf"({_STRING})|([%@])(\w+)")
_PREFIX: Final = {"%": "V_", "@": "G_"}
_NUMBERS: Final = {"inf": float("inf"), "nan": float("nan")}


def parse(text: str) -> Graph:
    """Build the graph that `text` prints.

    Raises:
        ValueError: A line cannot be read, names a value that is not made before it, makes one
            that is there already, or says another type than its primitive gives.
    """
    graphs: dict[str, Graph] = {}
    reader = _Reader(graphs)
    for raw in text.splitlines():
        line = _COMMENT.sub(lambda m: m[1] or "", raw).strip()
        if not line:
            continue
        if reader.state == "closed":
            graphs[reader.name] = reader.graph()
            reader = _Reader(graphs)
        try:
            reader.read(line)
        except (ValueError, SyntaxError, KeyError, TypeError, AttributeError) as error:
            why = error.message if isinstance(error, OpError) else str(error)
            raise ValueError(f"{why} in the graph line {line!r}") from error
    if reader.state != "closed":
        raise ValueError(f"the graph ends too early: expected {reader.state}")
    return reader.graph()


class _Reader:
    """Reads a graph line by line; `graphs` are those before it, by name."""

    def __init__(self, graphs: Mapping[str, Graph]) -> None:
        self.graphs = graphs
        self.state = "graph name(...) {"
        """What must come next; "closed" at the end."""
        self.name = ""
        self.values: dict[str, Value] = {}
        self.inputs: list[Value] = []
        self.nodes: list[Node] = []
        self.updates: list[tuple[Value, Value]] = []
        self.outputs: list[Value] = []

    def graph(self) -> Graph:
        """Return what was read."""
        return Graph(
            self.name, tuple(self.inputs), tuple(self.nodes), tuple(self.outputs),
            tuple(self.updates),
        )  # fmt: skip

    def read(self, line: str) -> None:
        """Take in the next line."""
        body = self.state == "a line or return"
        if m := self._is(_HEAD, line, self.state == "graph name(...) {"):
            self.name, self.state = m[1], "a line or return"
            self.inputs = [self._add(Value(t, n)) for n, t in _typed(m[2])]
        elif m := self._is(_UPDATE, line, body):
            self.updates.append((self._value(m[1]), self._value(m[2])))
        elif m := self._is(_RETURN, line, body):
            self.outputs = [self._value(n) for n in re.findall(r"\w+", m[1])]
            self.state = "}"
        elif m := self._is(_LINE, line, body):
            self._node(m[1], m[2], m[3])
        elif line == "}" and self.state == "}":
            self.state = "closed"
        else:
            raise ValueError(f"cannot read: expected {self.state}")

    @staticmethod
    def _is(pattern: re.Pattern[str], line: str, here: bool) -> re.Match[str] | None:
        return pattern.fullmatch(line) if here else None

    def _add(self, value: Value) -> Value:
        if value.name in self.values:
            raise ValueError(f"%{value.name} is made twice")
        self.values[value.name] = value
        return value

    def _value(self, name: str) -> Value:
        if name not in self.values:
            raise ValueError(f"%{name} is not known")
        return self.values[name]

    def _node(self, results: str, op: str, arguments: str) -> None:
        if op not in PRIMITIVES:
            _define_all()
        if op not in PRIMITIVES:
            raise ValueError(f"unknown primitive {op!r}")
        wanted = _typed(results)
        named = _NAME.sub(lambda m: m[1] or _PREFIX[m[2]] + m[3], arguments)
        call = ast.parse(f"f({named})", mode="eval").body
        if not isinstance(call, ast.Call) or not all(isinstance(a, ast.Name) for a in call.args):
            raise ValueError("cannot read the arguments")
        operands = [self._value(a.id.removeprefix("V_")) for a in call.args]  # type: ignore[attr-defined]
        params = {str(k.arg): self._parameter(k.value) for k in call.keywords}
        if op == "constant":
            params["value"] = _array(params["value"], wanted[0][1])
        names = iter([n for n, _ in wanted])
        node = Node(PRIMITIVES[op], operands, params, lambda: next(names, "?"))
        if [v.type for v in node.outputs] != [t for _, t in wanted]:
            given = ", ".join(str(v.type) for v in node.outputs)
            raise ValueError(f"{op} gives {given}; it says otherwise")
        for value in node.outputs:
            self._add(value)
        self.nodes.append(node)

    def _parameter(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name) and node.id.startswith("G_"):
            name = node.id.removeprefix("G_")
            if name not in self.graphs:
                raise ValueError(f"@{name} is not known")
            return self.graphs[name]
        return _value(node)


def _define_all() -> None:
    """Import every module that defines primitives: a text may come from another program."""
    families = [m.name for m in pkgutil.walk_packages(ops.__path__, "freshet.ops.")]
    for name in [*families, "freshet.graph.markers", "freshet.graph.scan"]:
        importlib.import_module(name)


def _typed(text: str) -> list[tuple[str, TensorType]]:
    if not _TYPES.fullmatch(text):
        raise ValueError(f"cannot read the types {text!r}")
    return [(n, _type(d, s)) for n, d, s in _TYPED.findall(text)]


def _type(dtype: str, sizes: str) -> TensorType:
    if sizes == "*":
        return TensorType(dtypes.from_short(dtype), UNKNOWN_SHAPE)
    dims = tuple(None if s == "?" else int(s) for s in sizes.split(",") if s)
    return TensorType(dtypes.from_short(dtype), dims)


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        return _NUMBERS[node.id] if node.id in _NUMBERS else dtypes.from_short(node.id)
    if isinstance(node, ast.Tuple):
        return tuple(map(_value, node.elts))
    if isinstance(node, ast.List):
        return list(map(_value, node.elts))
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Name):
        return -_NUMBERS[node.operand.id]
    return ast.literal_eval(node)


def _array(value: Any, kind: TensorType) -> Array:
    to = kind.dtype.as_numpy_dtype
    if isinstance(value, str):
        raw = zlib.decompress(base64.b64decode(value))
        return np.frombuffer(raw, to).reshape(kind.static_shape)
    return np.asarray(value, to).reshape(kind.static_shape)
