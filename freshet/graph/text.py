"""Graphs as text, and back: `parse(to_text(graph))` is the graph."""

from __future__ import annotations

import ast
import base64
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array
from freshet.graph.ir import Graph, Node, Value
from freshet.ops.primitive import PRIMITIVES, Primitive

WRITTEN_OUT: Final = 16
"""Constants of up to this many elements print as numbers, larger ones as compressed bytes."""

# --- printing -------------------------------------------------------------------------------------


def to_text(graph: Graph) -> str:
    """Return the graph's printed form, values numbered in order."""
    names = _names(graph)
    inputs = ", ".join(f"%{names[v]}: {v.type}" for v in graph.inputs)
    lines = [f"graph {graph.name}({inputs}) {{"]
    lines += [f"  {node_text(node, names)}" for node in graph.nodes]
    lines += [f"  update %{names[i]} = %{names[v]}" for i, v in graph.updates]
    lines.append(f"  return {', '.join(f'%{names[v]}' for v in graph.outputs)}".rstrip())
    return "\n".join([*lines, "}"]) + "\n"


def _names(graph: Graph) -> dict[Value, str]:
    names = {v: v.name for v in graph.inputs}
    made = [v for node in graph.nodes for v in node.outputs]
    return names | {v: str(i) for i, v in enumerate(made)}


def node_text(node: Node, names: Mapping[Value, str] | None = None) -> str:
    """Return a node's line."""

    def name(value: Value) -> str:
        return f"%{value.name if names is None else names[value]}"

    arguments = [name(v) for v in node.operands]
    arguments += [f"{k}={_literal(v)}" for k, v in node.params.items()]
    outputs = ", ".join(f"{name(v)}: {v.type}" for v in node.outputs)
    source = f"  # {node.source.short}" if node.source else ""
    return f"{outputs} = {node.primitive.name}({', '.join(arguments)}){source}"


def _literal(value: Any) -> str:
    if isinstance(value, DType):
        return value.short
    if isinstance(value, np.ndarray):
        return _array_literal(value)
    if isinstance(value, tuple):
        inner = ", ".join(map(_literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def _array_literal(array: Array) -> str:
    if array.size <= WRITTEN_OUT or array.dtype.hasobject:
        return repr(array.tolist())
    packed = zlib.compress(np.ascontiguousarray(array).tobytes(), 9)
    return repr(base64.b64encode(packed).decode())


# --- reading --------------------------------------------------------------------------------------

_HEAD: Final = re.compile(r"graph (\w+)\((.*)\) \{")
_TYPED: Final = re.compile(r"%(\w+): (\w+)\[([\d,?]*)\]")
_LINE: Final = re.compile(r"(%.*?) = (\w+)\((.*)\)")
_UPDATE: Final = re.compile(r"update %(\w+) = %(\w+)")
_NUMBERS: Final = {"inf": float("inf"), "nan": float("nan")}


def parse(text: str) -> Graph:
    """Build the graph that `text` prints.

    Raises:
        ValueError: A line cannot be read, or says another type than its primitive gives.
    """
    name, inputs, nodes, outputs = "", [], [], []
    updates: list[tuple[Value, Value]] = []
    values: dict[str, Value] = {}
    for line in filter(None, (re.sub(r"\s+#.*", "", raw).strip() for raw in text.splitlines())):
        if m := _HEAD.fullmatch(line):
            name = m[1]
            inputs = [Value(_type(d, s), n) for n, d, s in _TYPED.findall(m[2])]
            values = {v.name: v for v in inputs}
        elif m := _UPDATE.fullmatch(line):
            updates.append((values[m[1]], values[m[2]]))
        elif line.startswith("return"):
            found = line.removeprefix("return").replace("%", "").replace(" ", "").split(",")
            outputs = [values[n] for n in found if n]
        elif m := _LINE.fullmatch(line):
            node = _node(line, m[1], m[2], m[3], values)
            nodes.append(node)
        elif not line.startswith("#") and line != "}":
            raise ValueError(f"cannot read the graph line {line!r}")
    return Graph(name, tuple(inputs), tuple(nodes), tuple(outputs), tuple(updates))


def _node(line: str, results: str, op: str, arguments: str, values: dict[str, Value]) -> Node:
    if op not in PRIMITIVES:
        raise ValueError(f"unknown primitive {op!r} in the graph line {line!r}")
    wanted = [(n, _type(d, s)) for n, d, s in _TYPED.findall(results)]
    named = re.sub(r"%(\w+)", r"V_\1", arguments)
    call = ast.parse(f"f({named})", mode="eval").body
    assert isinstance(call, ast.Call)
    operands = [values[a.id.removeprefix("V_")] for a in call.args if isinstance(a, ast.Name)]
    params = {str(k.arg): _value(k.value) for k in call.keywords}
    if op == "constant":
        params["value"] = _array(params["value"], wanted[0][1])
    names = iter([n for n, _ in wanted])
    primitive: Primitive = PRIMITIVES[op]
    node = Node(primitive, operands, params, lambda: next(names))
    if [v.type for v in node.outputs] != [t for _, t in wanted]:
        given = ", ".join(str(v.type) for v in node.outputs)
        raise ValueError(f"{op} gives {given}; the graph line says otherwise: {line!r}")
    values.update((v.name, v) for v in node.outputs)
    return node


def _type(dtype: str, sizes: str) -> TensorType:
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
