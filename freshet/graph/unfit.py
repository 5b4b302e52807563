"""Branches that do not fit the sizes of a run: they are not the ones that run.

    if flag: y = concat([x, x], 0)        y has 6 elements, or 3: only the run knows
    else:    y = x
    ...
    if flag: z = y + concat([x, x], 0)    compiled for 6, nothing can be made of the other branch
    else:    z = y + x

Such a branch becomes one that raises, if it should be taken, what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array
from freshet.graph.ir import Graph, Rewriter, Value
from freshet.graph.passes.specialize import specialize
from freshet.ops import scalar
from freshet.ops.array import broadcast_to_p, constant_p
from freshet.ops.nest import Check, Nest, identity
from freshet.ops.primitive import NoGradient, Primitive


def _refuse(fits: Array, message: str) -> Array:
    if not np.all(fits):
        raise InvalidArgumentError(message)
    return fits


def _failures(fits: TensorType, message: str) -> Nest:
    del message
    return Nest(
        operands=(identity(fits.rank),),
        body=lambda holds: scalar.make("bit_not", (holds,), dtypes.bool_),
    )


refuse_p: Primitive = Primitive(
    name="refuse", infer=lambda fits, message: fits, reference=_refuse,
    gradient=NoGradient("it is a check"), lower=Check(_failures),
)  # fmt: skip


def specialize_branches(branches: Sequence[Graph], types: Sequence[TensorType]) -> list[Graph]:
    """Return the branches of a condition for inputs of given types.

    Raises:
        InvalidArgumentError: None of them fits.
    """
    found: list[Graph | InvalidArgumentError] = []
    for branch in branches:
        try:
            found.append(specialize(branch, types))
        except InvalidArgumentError as error:
            found.append(error)
    fitting = [g for g in found if isinstance(g, Graph)]
    if not fitting:
        assert isinstance(found[0], InvalidArgumentError)
        raise found[0]
    kinds = [v.type for v in fitting[0].outputs]
    return [
        graph if isinstance(graph, Graph) else _refusing(branch, types, kinds, graph)
        for branch, graph in zip(branches, found, strict=True)
    ]


def _refusing(
    branch: Graph, types: Sequence[TensorType], results: Sequence[TensorType],
    error: InvalidArgumentError,
) -> Graph:  # fmt: skip
    """Return a branch that raises an error, and would give zeros of the other one's types."""
    rewriter = Rewriter(branch.name)
    for value, kind in zip(branch.inputs, types, strict=True):
        rewriter.input(value, kind)

    def constant(value: Array) -> Value:
        return rewriter.node(constant_p, (), {"value": value}, error.source)[0]

    rewriter.node(refuse_p, (constant(np.array(False)),), {"message": error.message}, error.source)
    outputs: list[Value] = []
    for kind in results:
        zero = constant(np.zeros((), kind.dtype.as_numpy_dtype))
        shape = tuple(size or 0 for size in kind.shape)
        outputs += rewriter.node(broadcast_to_p, (zero,), {"shape": shape}, error.source)
    return Graph(branch.name, tuple(rewriter.inputs), tuple(rewriter.nodes), tuple(outputs))
