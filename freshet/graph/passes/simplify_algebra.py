"""simplify_algebra: drop identities and join views.

Exact, but for the sign of zero (x + 0 is 0 for x = -0).
"""

from __future__ import annotations

from typing import Final

from freshet.graph.ir import Graph, Node, Rewriter, Value
from freshet.graph.passes.rewriting import Rule, apply_rules, reuse


def _x(rewriter: Rewriter, node: Node, x: Value) -> Value:
    """Replace by the captured value itself."""
    del rewriter, node
    return x


def _joined_reshape(rewriter: Rewriter, node: Node, x: Value) -> Value | None:
    return reuse(rewriter, node, [x], {"shape": node.outputs[0].type.shape})


def _joined_transpose(rewriter: Rewriter, node: Node, x: Value) -> Value | None:
    inner = rewriter.values[node.operands[0]].node
    assert inner is not None
    perm = tuple(inner.params["perm"][p] for p in node.params["perm"])
    return x if perm == tuple(range(len(perm))) else reuse(rewriter, node, [x], {"perm": perm})


def _joined_broadcast(rewriter: Rewriter, node: Node, x: Value) -> Value | None:
    return reuse(rewriter, node, [x], node.params)


def _if_same_axes(rewriter: Rewriter, node: Node, x: Value) -> Value | None:
    inner = rewriter.values[node.operands[0]].node
    assert inner is not None
    return x if inner.params["axes"] == node.params["axes"] else None


def _example(before: str, after: str, inputs: str = "%x: f32[4]") -> tuple[str, str]:
    """Return the example of a rule; a before of several lines counts its values from %0."""
    head = f"graph example({inputs}) {{\n"
    return head + before, head + after


_X: Final = "  return %x\n}\n"

RULES: Final = (
    Rule("add(x, 0)", _x, _example(
        "  %0: f32[] = constant(value=0.0)\n  %1: f32[4] = add(%x, %0)\n  return %1\n}\n",
        "  %0: f32[] = constant(value=0.0)\n" + _X,
    )),
    Rule("add(0, x)", _x, _example(
        "  %0: f32[] = constant(value=0.0)\n  %1: f32[4] = add(%0, %x)\n  return %1\n}\n",
        "  %0: f32[] = constant(value=0.0)\n" + _X,
    )),
    Rule("subtract(x, 0)", _x, _example(
        "  %0: f32[] = constant(value=0.0)\n  %1: f32[4] = subtract(%x, %0)\n  return %1\n}\n",
        "  %0: f32[] = constant(value=0.0)\n" + _X,
    )),
    Rule("multiply(x, 1)", _x, _example(
        "  %0: f32[] = constant(value=1.0)\n  %1: f32[4] = multiply(%x, %0)\n  return %1\n}\n",
        "  %0: f32[] = constant(value=1.0)\n" + _X,
    )),
    Rule("multiply(1, x)", _x, _example(
        "  %0: f32[] = constant(value=1.0)\n  %1: f32[4] = multiply(%0, %x)\n  return %1\n}\n",
        "  %0: f32[] = constant(value=1.0)\n" + _X,
    )),
    Rule("divide(x, 1)", _x, _example(
        "  %0: f32[] = constant(value=1.0)\n  %1: f32[4] = divide(%x, %0)\n  return %1\n}\n",
        "  %0: f32[] = constant(value=1.0)\n" + _X,
    )),
    Rule("negative(negative(x))", _x, _example(
        "  %0: f32[4] = negative(%x)\n  %1: f32[4] = negative(%0)\n  return %1\n}\n",
        "  %0: f32[4] = negative(%x)\n" + _X,
    )),
    Rule("stop_gradient(x)", _x, _example(
        "  %0: f32[4] = stop_gradient(%x)\n  return %0\n}\n", _X,
    )),
    Rule("cast(x)", _x, _example(
        "  %0: f32[4] = cast(%x, dtype=f32)\n  return %0\n}\n", _X,
    )),
    Rule("reshape(x)", _x, _example(
        "  %0: f32[4] = reshape(%x, shape=(4,))\n  return %0\n}\n", _X,
    )),
    Rule("broadcast_to(x)", _x, _example(
        "  %0: f32[4] = broadcast_to(%x, shape=(4,))\n  return %0\n}\n", _X,
    )),
    Rule("sum_to(x)", _x, _example(
        "  %0: f32[4] = sum_to(%x, shape=(4,))\n  return %0\n}\n", _X,
    )),
    Rule("reshape(reshape(x))", _joined_reshape, _example(
        "  %0: f32[2,2] = reshape(%x, shape=(2, 2))\n"
        "  %1: f32[1,4] = reshape(%0, shape=(1, 4))\n  return %1\n}\n",
        "  %0: f32[2,2] = reshape(%x, shape=(2, 2))\n"
        "  %1: f32[1,4] = reshape(%x, shape=(1, 4))\n  return %1\n}\n",
    )),
    Rule("transpose(transpose(x))", _joined_transpose, _example(
        "  %0: f32[3,2] = transpose(%x, perm=(1, 0))\n"
        "  %1: f32[2,3] = transpose(%0, perm=(1, 0))\n  return %1\n}\n",
        "  %0: f32[3,2] = transpose(%x, perm=(1, 0))\n" + _X, "%x: f32[2,3]",
    )),
    Rule("broadcast_to(broadcast_to(x))", _joined_broadcast, _example(
        "  %0: f32[2,4] = broadcast_to(%x, shape=(2, 4))\n"
        "  %1: f32[3,2,4] = broadcast_to(%0, shape=(3, 2, 4))\n  return %1\n}\n",
        "  %0: f32[2,4] = broadcast_to(%x, shape=(2, 4))\n"
        "  %1: f32[3,2,4] = broadcast_to(%x, shape=(3, 2, 4))\n  return %1\n}\n",
    )),
    Rule("squeeze(expand_dims(x))", _if_same_axes, _example(
        "  %0: f32[1,4] = expand_dims(%x, axes=(0,))\n"
        "  %1: f32[4] = squeeze(%0, axes=(0,))\n  return %1\n}\n",
        "  %0: f32[1,4] = expand_dims(%x, axes=(0,))\n" + _X,
    )),
    Rule("expand_dims(squeeze(x))", _if_same_axes, _example(
        "  %0: f32[4] = squeeze(%x, axes=(0,))\n"
        "  %1: f32[1,4] = expand_dims(%0, axes=(0,))\n  return %1\n}\n",
        "  %0: f32[4] = squeeze(%x, axes=(0,))\n" + _X, "%x: f32[1,4]",
    )),
)  # fmt: skip


def simplify_algebra(graph: Graph) -> Graph:
    """Apply `RULES` once to every node, operands first."""
    return apply_rules(graph, RULES)
