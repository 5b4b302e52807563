"""Rewrite rules: a pattern in the graph's own notation, a replacement, and a tested example."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from freshet.graph.ir import Graph, Node, Rewriter, Value, rewrite
from freshet.graph.trace import static_value


@dataclass(frozen=True)
class Rule:
    """Replace what `match` matches by ``replace(rewriter, node, **captures)``.

    In a pattern a name stands for any value (the same name for the same value), a number for a
    constant with that number in every element. The replacement is a value, or None where the rule
    does not apply after all; it must have the type of what it replaces.

    `example` is (before, after) as graphs; `tests/graph/test_rules.py` runs it, compares the text
    and evaluates both sides on random inputs. It is the rule's documentation.
    """

    match: str
    replace: Callable[..., Value | None]
    example: tuple[str, str]

    @cached_property
    def pattern(self) -> ast.Call:
        """The pattern as a syntax tree."""
        tree = ast.parse(self.match, mode="eval").body
        assert isinstance(tree, ast.Call)
        return tree

    @cached_property
    def primitive(self) -> str:
        """Name of the primitive at the pattern's root."""
        assert isinstance(self.pattern.func, ast.Name)
        return self.pattern.func.id


def apply_rules(graph: Graph, rules: Iterable[Rule]) -> Graph:
    """Return the graph with each node replaced by the first rule that applies, operands first."""
    by_primitive: dict[str, list[Rule]] = {}
    for rule in rules:
        by_primitive.setdefault(rule.primitive, []).append(rule)

    def change(rewriter: Rewriter, node: Node) -> list[Value] | None:
        candidates = by_primitive.get(node.primitive.name, [])
        operands = [rewriter.values[v] for v in node.operands]
        for rule in candidates:
            captures: dict[str, Value] = {}
            if _match_operands(rule.pattern, operands, captures):
                found = rule.replace(rewriter, node, **captures)
                if found is not None and found.type == node.outputs[0].type:
                    return [found]
        return None

    return rewrite(graph, change)


def _match_operands(pattern: ast.Call, operands: list[Value], captures: dict[str, Value]) -> bool:
    return len(pattern.args) == len(operands) and all(
        _match(p, v, captures) for p, v in zip(pattern.args, operands, strict=True)
    )


def _match(pattern: ast.expr, value: Value, captures: dict[str, Value]) -> bool:
    if isinstance(pattern, ast.Name):
        return captures.setdefault(pattern.id, value) is value
    if isinstance(pattern, ast.Constant):
        array = static_value(value)
        return array is not None and array.size > 0 and bool(np.all(array == pattern.value))
    assert isinstance(pattern, ast.Call)
    assert isinstance(pattern.func, ast.Name)
    node = value.node
    return (
        node is not None
        and node.primitive.name == pattern.func.id
        and _match_operands(pattern, list(node.operands), captures)
    )


def reuse(
    rewriter: Rewriter, node: Node, operands: list[Value], params: Mapping[str, Any]
) -> Value:
    """Return a node of the same primitive with other operands and parameters."""
    return rewriter.node(node.primitive, operands, params, node.source)[0]
