"""hoist_transposes: turn a matrix once before a loop, not in each of its steps.

Exact. A contraction in the body of a scan reads its wide operand along the output's last dimension.
Where that operand is an invariant that lies the other way, every step would turn it again.

    scan body: contract(g, w, "bk,hk->bh")    becomes    contract(g, v, "bk,kh->bh")
    with v = transpose(w) made before the loop
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from freshet.graph.ir import Graph, Node, Rewriter, Value, rewrite
from freshet.graph.scan import parts_of, scan_p
from freshet.ops.array import transpose_p
from freshet.ops.contraction import contract_p


def hoist_transposes(graph: Graph) -> Graph:
    """Return the graph with invariants of scans transposed outside."""
    return rewrite(graph, _hoisted)


def _hoisted(rewriter: Rewriter, node: Node) -> Iterable[Value] | None:
    if node.primitive is not scan_p:
        return None
    body: Graph = node.params["body"]
    parts = parts_of(node.params)
    invariants = {v: i for i, v in enumerate(body.inputs) if i >= parts.carries + parts.sequences}
    operands = [rewriter.values[v] for v in node.operands]
    turned: dict[tuple[Value, tuple[int, ...]], Value] = {}
    inside = Rewriter(body.name)
    for value in body.inputs:
        inside.input(value)

    def change(user: Node) -> bool:
        found = _turn(user)
        if found is None:
            return False
        which, order, equation = found
        value = user.operands[which]
        if value not in invariants:
            return False
        if (value, order) not in turned:
            outer = operands[invariants[value]]
            operands.append(rewriter.node(transpose_p, [outer], {"perm": order}, node.source)[0])
            new = Value(operands[-1].type, f"{value.name}_turned{len(turned)}")
            inside.inputs.append(new)
            turned[value, order] = new
        given = [inside.values[v] for v in user.operands]
        given[which] = turned[value, order]
        outputs = inside.node(contract_p, given, {"equation": equation}, user.source)
        inside.values.update(zip(user.outputs, outputs, strict=True))
        return True

    for user in body.nodes:
        if not change(user):
            inside.copy(user)
    if not turned:
        return None
    new, kept = _without_unused(inside.finish(body), parts.carries + parts.sequences)
    params = {**node.params, "body": new}
    return rewriter.node(scan_p, [operands[i] for i in kept], params, node.source)


def _turn(node: Node) -> tuple[int, tuple[int, ...], str] | None:
    """Return which operand of a contraction lies the wrong way, how to turn it, and what is then.

    None if none does.
    """
    if node.primitive is not contract_p:
        return None
    operands, _, out = node.params["equation"].partition("->")
    parts = operands.split(",")
    column = out[-1:]
    holders = [i for i, letters in enumerate(parts) if column and column in letters]
    if len(holders) != 1 or parts[holders[0]].endswith(column):
        return None
    which = holders[0]
    letters = parts[which].replace(column, "") + column
    order = tuple(parts[which].index(letter) for letter in letters)
    parts[which] = letters
    return which, order, f"{','.join(parts)}->{out}"


def _without_unused(body: Graph, fixed: int) -> tuple[Graph, list[int]]:
    """Return the body without invariants that nothing reads, and the numbers of the others."""
    read = {v for node in body.nodes for v in node.operands} | set(body.outputs)
    kept = [i for i, v in enumerate(body.inputs) if i < fixed or v in read]
    return replace(body, inputs=tuple(body.inputs[i] for i in kept)), kept
