"""Graphs as text; `freshet.graph.parsing` reads it: `parse(to_text(graph))` is the graph."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np

from freshet.core.dtypes import DType
from freshet.core.tensor import Array
from freshet.graph.ir import Graph, Node, Value

WRITTEN_OUT: Final = 16
"""Constants of up to this many elements print as numbers, larger ones as compressed bytes."""


def to_text(graph: Graph) -> str:
    """Return the graph's printed form, values numbered in order.

    Graphs among the parameters, such as a loop's body, come first and are referred to as ``@name``.
    A value that nothing makes, as only a broken graph has, prints with a question mark.
    """
    return "\n".join(_graph_texts(graph, node_text, set(), {}))


def fingerprint(graph: Graph) -> str:
    """Return text that two graphs share only if they compute the same: as printed, but shorter.

    Arrays stand there as hashes, and the user's lines are left out.
    """
    line = partial(_node_text, literal=_hashed_literal)
    return "\n".join(_graph_texts(graph, line, set(), {}))


_Line = Callable[[Node, Callable[[Value], str], Mapping[int, str]], str]


def _graph_texts(graph: Graph, line: _Line, taken: set[str], known: dict[int, str]) -> list[str]:
    """Return the texts of the graphs that a graph refers to, then its own."""
    texts = []
    for node in graph.nodes:
        for value in node.params.values():
            if isinstance(value, Graph) and id(value) not in known:
                texts += _graph_texts(value, line, taken, known)
    name = graph.name
    while name in taken:
        name += "_"
    taken.add(name)
    known[id(graph)] = name
    return [*texts, _graph_text(graph, line, name, known)]


def _graph_text(graph: Graph, line: _Line, own: str, known: dict[int, str]) -> str:
    names = _names(graph)

    def name(value: Value) -> str:
        return f"%{names.get(value, f'{value.name}?')}"

    inputs = ", ".join(f"{name(v)}: {v.type}" for v in graph.inputs)
    lines = [f"graph {own}({inputs}) {{"]
    lines += [f"  {line(node, name, known)}" for node in graph.nodes]
    lines += [f"  update {name(i)} = {name(v)}" for i, v in graph.updates]
    lines.append(f"  return {', '.join(map(name, graph.outputs))}".rstrip())
    return "\n".join([*lines, "}"]) + "\n"


def _names(graph: Graph) -> dict[Value, str]:
    names = {v: v.name for v in graph.inputs}
    made = [v for node in graph.nodes for v in node.outputs]
    return names | {v: str(i) for i, v in enumerate(made)}


def node_text(
    node: Node,
    name: Callable[[Value], str] = lambda value: f"%{value.name}",
    graphs: Mapping[int, str] | None = None,
) -> str:
    """Return a node's line, with `name` for its values and `graphs` for those by id."""
    source = f"  # {node.source.short}" if node.source else ""
    return _node_text(node, name, graphs or {}, _literal) + source


def _node_text(
    node: Node, name: Callable[[Value], str], graphs: Mapping[int, str],
    literal: Callable[[Any], str],
) -> str:  # fmt: skip
    arguments = [name(v) for v in node.operands]
    for key, value in node.params.items():
        if isinstance(value, Graph):
            arguments.append(f"{key}=@{graphs.get(id(value), value.name)}")
        else:
            arguments.append(f"{key}={literal(value)}")
    outputs = ", ".join(f"{name(v)}: {v.type}" for v in node.outputs)
    return f"{outputs} = {node.primitive.name}({', '.join(arguments)})"


def _literal(value: Any) -> str:
    if isinstance(value, DType):
        return value.short
    if isinstance(value, np.ndarray):
        return _array_literal(value)
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, tuple):
        inner = ", ".join(map(_literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def _hashed_literal(value: Any) -> str:
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        data = np.ascontiguousarray(value).tobytes()
        return f"{value.dtype}{value.shape} {hashlib.sha256(data).hexdigest()}"
    return _literal(value)


def _array_literal(array: Array) -> str:
    if array.size <= WRITTEN_OUT or array.dtype.hasobject:
        return repr(array.tolist())
    packed = zlib.compress(np.ascontiguousarray(array).tobytes(), 9)
    return repr(base64.b64encode(packed).decode())
