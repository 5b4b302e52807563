"""Nodes that change nothing when a graph runs, but tell differentiation something.

`reread`            a variable's value after an assignment: what was assigned, whose gradient is the
                    variable's own, as if it had been read anew
`custom_gradient`   results whose gradient a function of the user's says

`freshet.graph.passes.drop_markers` takes them out before anything is compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.graph.ir import Graph
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Joint, Primitive

_NOTHING = Host("it stands for no computation")

reread_p: Primitive = Primitive(
    name="reread", infer=lambda value, entry: value, reference=lambda value, entry: value,
    gradient=(None, lambda c, g: g), lower=_NOTHING, any_rank=True,
)  # fmt: skip
"""The operands: what was assigned, and what the variable held when the graph began."""


def _results(*types: TensorType, results: int, **params: Any) -> tuple[TensorType, ...]:
    return types[:results]


def _same(*arrays: Array, results: int, **params: Any) -> tuple[Array, ...]:
    return arrays[:results]


def _gradient(call: Call, wanted: Sequence[bool], *grads: Tensor) -> list[Tensor | None]:
    from freshet.graph.trace import inline  # noqa: PLC0415 (it imports this module)

    count, sources = call.params["results"], call.params["sources"]
    backward: Graph = call.params["backward"]
    found = inline(backward, [*grads, *call.inputs[count + sources :]])
    results: list[Tensor | None] = [None] * len(call.inputs)
    for number, gradient in zip(call.params["numbers"], found, strict=True):
        results[count + number] = gradient if wanted[count + number] else None
    return results


custom_gradient_p: Primitive = Primitive(
    name="custom_gradient", infer=_results, reference=_same, gradient=Joint(_gradient),
    lower=_NOTHING,
)  # fmt: skip
"""The operands: the results, the sources that get gradients, and what else `backward` uses.

results, sources    how many of each there are
backward            from the gradients of the floating-point results, and what it uses, to those of
                    sources
numbers             which sources they belong to
"""
