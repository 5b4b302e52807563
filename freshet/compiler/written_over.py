"""written_over: which of a graph's results are best written over one of its inputs.

A write to a row of an array makes a new array that is the old one but for the row. If a branch or
the body of a loop does so, the new array takes the place of the old one, and only the row is
written.
"""

from __future__ import annotations

from freshet.compiler.fusion.elements import nest_of
from freshet.graph.ir import Graph, Node, Value
from freshet.ops.nest import Branch, Check, Host, Loop, Nested, Repeat, Reshape


def written_over(graph: Graph) -> dict[int, int]:
    """Return, for each output that is an input but for few elements, that input's number.

    No input appears twice.
    """
    numbers = {v: i for i, v in enumerate(graph.inputs)}
    found: dict[int, int] = {}
    for k, value in enumerate(graph.outputs):
        number = numbers.get(_origin(value), -1)
        if number >= 0 and graph.inputs[number].type == value.type:
            found.setdefault(k, number)
    return {k: j for k, j in found.items() if list(found.values()).count(j) == 1}


def _origin(value: Value) -> Value:
    """Return the value that another one is but for few elements; itself if there is none."""
    while value.node is not None:
        kept = kept_operand(value.node, value.index)
        if kept is None:
            break
        value = value.node.operands[kept]
    return value


def kept_operand(node: Node, output: int) -> int | None:
    """Return the number of the operand that an output of a node is but for few elements."""
    lower = node.lower
    if isinstance(lower, Branch):
        then, otherwise = (written_over(node.params[s]) for s in ("then", "otherwise"))
        kept = then.get(output)
        return None if kept is None or kept != otherwise.get(output) else kept + 1
    if isinstance(lower, Loop):
        return _carried(node, output, node.params["carries"])
    if isinstance(lower, Repeat):
        return _carried(node, output, node.params["carries"])
    if isinstance(lower, (Host, Nested, Reshape, Check)):
        return None
    return nest_of(node).keeps


def _carried(node: Node, output: int, carries: int) -> int | None:
    kept = output < carries and written_over(node.params["body"]).get(output) == output
    return output if kept else None
