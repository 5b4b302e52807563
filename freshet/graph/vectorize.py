"""Running a function for many values of its argument at once, each operation with one more axis.

The function is traced for one value. Then every operation that depends on it runs once for all of
them, stacked along a new first axis: `RULES` say how. An operation without a rule runs value by
value. Jacobians are made of it: one backward pass for all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from freshet.core import context
from freshet.core.shapes import TensorType, broadcast_shapes
from freshet.core.tensor import Tensor
from freshet.graph.body import BodyTracer
from freshet.graph.ir import Graph, Node, Value
from freshet.graph.passes.eliminate_common import eliminate_common
from freshet.graph.passes.eliminate_dead import eliminate_dead
from freshet.graph.passes.simplify_algebra import simplify_algebra
from freshet.graph.scan import scan
from freshet.ops import array, shaping
from freshet.ops.nest import Nest, broadcast
from freshet.ops.primitive import Primitive

Rows = tuple[Tensor, ...]


def vectorized(
    function: Callable[..., Sequence[Tensor]], rows: Sequence[Tensor], *, once: bool
) -> list[Tensor] | None:
    """Apply a function to each row of some tensors; return what it returns, stacked.

    Args:
        function: ``(*row of each) -> tensors``; called once.
        rows: Tensors whose first dimension has the same known size.
        once: Whether random numbers are drawn and effects happen once, and not for each row.

    Returns:
        Nothing if they happen, but not `once`: then nothing is done.
    """
    tracer = BodyTracer("row")
    with context.tracing(tracer), context.recording(()):
        row = [tracer.argument(TensorType(t.dtype, t._type.shape[1:]), "row") for t in rows]
        graph, _ = tracer.finish(list(function(*row)))
    each = tracer.assigned or any(n.has_effect or "random" in n.primitive.name for n in graph.nodes)
    if each and not once:
        return None
    simple = eliminate_dead(eliminate_common(simplify_algebra(graph)))
    values = dict(zip(simple.inputs, [*rows, *tracer.captured], strict=True))
    return _Run(simple, values, rows[0].shape[0] or 0, len(rows)).results()


class _Run:
    """Runs a graph: values that depend on the row are stacked, the others are as they are."""

    def __init__(self, graph: Graph, values: dict[Value, Tensor], count: int, rows: int) -> None:
        self._graph, self._values, self._count = graph, values, count
        self._stacked = set(graph.inputs[:rows])

    def results(self) -> list[Tensor]:
        """Return the graph's outputs, all of them stacked."""
        for node in self._graph.nodes:
            stacked = [v in self._stacked for v in node.operands]
            operands = tuple(self._values[v] for v in node.operands)
            if any(stacked):
                outputs = self._for_all_rows(node, operands, stacked)
                self._stacked.update(node.outputs)
            else:
                outputs = node.primitive.apply(operands, node.params)
            self._values.update(zip(node.outputs, outputs, strict=True))
        return [
            self._values[v] if v in self._stacked else self._repeated(self._values[v])
            for v in self._graph.outputs
        ]

    def _repeated(self, tensor: Tensor) -> Tensor:
        return shaping.repeat(shaping.expand_dims(tensor, 0), self._count, 0)

    def _for_all_rows(self, node: Node, operands: Rows, stacked: Sequence[bool]) -> Rows:
        known = all(None not in v.type.shape for v in (*node.operands, *node.outputs))
        if known and _is_elementwise(node):
            return self._elementwise(node, operands, stacked)
        rule = RULES.get(node.primitive.name)
        if rule is not None and known:
            found = rule(_Case(node, operands, stacked, self._count, self._repeated))
            if found is not None:
                return found.primitive.apply(found.operands, found.params)
        return self._row_by_row(node, operands, stacked)

    def _elementwise(self, node: Node, operands: Rows, stacked: Sequence[bool]) -> Rows:
        rank = node.outputs[0].type.rank
        aligned = [
            _behind(t, rank - v.type.rank) if moves else t
            for t, v, moves in zip(operands, node.operands, stacked, strict=True)
        ]
        return node.primitive.apply(tuple(aligned), node.params)

    def _row_by_row(self, node: Node, operands: Rows, stacked: Sequence[bool]) -> Rows:
        rows = [t for t, moves in zip(operands, stacked, strict=True) if moves]

        def step(row: Sequence[Tensor]) -> Rows:
            given = iter(row)
            whole = tuple(
                next(given) if moves else t for t, moves in zip(operands, stacked, strict=True)
            )
            return node.primitive.apply(whole, node.params)

        if context.executing_eagerly() and self._count:
            parts = [step([t[i] for t in rows]) for i in range(self._count)]
            return tuple(shaping.stack(list(column)) for column in zip(*parts, strict=True))
        nothing: tuple[Any, ...] = ()
        found: Rows = tuple(scan(lambda _, row: (nothing, step(row)), nothing, tuple(rows))[1])
        return found


def _behind(tensor: Tensor, count: int) -> Tensor:
    """Return a stacked tensor with dimensions of size 1 behind the first."""
    if not count:
        return tensor
    return array.expand_dims_p(tensor, axes=tuple(range(1, count + 1)))


def _is_elementwise(node: Node) -> bool:
    """Return whether the operation computes each element from the operands' at the same place."""
    if not callable(node.primitive.lower) or len(node.outputs) != 1:
        return False
    types = [v.type for v in node.operands]
    nest = node.primitive.lower(*types, **node.params)
    if not isinstance(nest, Nest) or nest.body is None:
        return False
    shapes = [t.static_shape for t in types]
    shape = node.outputs[0].type.static_shape
    if nest.reduced or nest.reduce or nest.lookups or nest.scatter or nest.fills:
        return False
    here = tuple(broadcast(s, len(shape)) for s in shapes)
    return nest.operands == here and broadcast_shapes(node.primitive.name, shapes) == shape


# --- rules ----------------------------------------------------------------------------------------


class _Case:
    """An operation of which some operands are stacked."""

    def __init__(
        self, node: Node, operands: Rows, stacked: Sequence[bool], count: int,
        repeated: Callable[[Tensor], Tensor],
    ) -> None:  # fmt: skip
        self.node, self.operands, self.stacked, self.count = node, operands, stacked, count
        self.params: Mapping[str, Any] = node.params
        self._repeated = repeated

    @property
    def only_first(self) -> bool:
        """Whether only the first operand is stacked."""
        return self.stacked[0] and not any(self.stacked[1:])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the stacked result."""
        return (self.count, *self.node.outputs[0].type.static_shape)

    def all_stacked(self) -> Rows:
        """Return the operands, each stacked."""
        return tuple(
            t if moves else self._repeated(t)
            for t, moves in zip(self.operands, self.stacked, strict=True)
        )

    def same(self, operands: Sequence[Tensor], **params: Any) -> _Applied:
        """Return the same primitive with other parameters."""
        return _Applied(self.node.primitive, tuple(operands), {**self.params, **params})


class _Applied:
    """What to apply instead."""

    def __init__(
        self, primitive: Primitive, operands: tuple[Tensor, ...], params: Mapping[str, Any]
    ) -> None:
        self.primitive, self.operands, self.params = primitive, operands, params


Rule = Callable[[_Case], "_Applied | None"]


def _shifted(case: _Case) -> _Applied:
    return case.same(case.operands, axes=tuple(a + 1 for a in case.params["axes"]))


def _later_axis(case: _Case) -> _Applied | None:
    """Move the axis of an operation whose first operand alone is stacked."""
    return case.same(case.operands, axis=case.params["axis"] + 1) if case.only_first else None


def _reshaped(case: _Case) -> _Applied:
    return _Applied(array.reshape_p, (case.operands[0],), {"shape": case.shape})


def _stretched(case: _Case) -> _Applied:
    x, rank = case.operands[0], len(case.shape) - 1
    lifted = _behind(x, rank - (x.ndim - 1))
    return _Applied(array.broadcast_to_p, (lifted,), {"shape": case.shape})


def _summed(case: _Case) -> _Applied:
    x = case.operands[0]
    missing = x.ndim - len(case.shape)
    wide = (case.count, *(1,) * missing, *case.shape[1:])
    total = array.sum_to_p(x, shape=wide)
    return _Applied(array.reshape_p, (total,), {"shape": case.shape})


_ALL: Final = (None, None, None)


def _sliced(case: _Case) -> _Applied:
    return case.same(case.operands, spec=(_ALL, *case.params["spec"]))


def _unsliced(case: _Case) -> _Applied:
    return case.same(case.operands[:1], spec=(_ALL, *case.params["spec"]), shape=case.shape)


def _padded(case: _Case) -> _Applied:
    return case.same(case.operands, paddings=((0, 0), *case.params["paddings"]))


def _transposed(case: _Case) -> _Applied:
    return case.same(case.operands, perm=(0, *(p + 1 for p in case.params["perm"])))


def _joined(case: _Case) -> _Applied:
    return case.same(case.all_stacked(), axis=case.params["axis"] + 1)


def _contracted(case: _Case) -> _Applied:
    operands, _, out = case.params["equation"].partition("->")
    parts = operands.split(",")
    letter = next(c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in operands + out)
    named = [letter + p if moves else p for p, moves in zip(parts, case.stacked, strict=True)]
    return case.same(case.operands, equation=f"{','.join(named)}->{letter}{out}")


def _added_along(case: _Case) -> _Applied | None:
    """Stack the sum of rows at places that are not stacked."""
    if not case.only_first:
        return None
    axis = case.params["axis"] + 1
    return case.same(case.operands[:2], axis=axis, shape=case.shape)


_SHIFTED: Final = (
    "expand_dims", "squeeze", "reverse", "reduce_sum", "reduce_max", "reduce_min", "reduce_prod",
    "reduce_all", "reduce_any",
)  # fmt: skip
RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(_SHIFTED, _shifted),
    "argmax": _later_axis,
    "argmin": _later_axis,
    "broadcast_to": _stretched,
    "concat": _joined,
    "contract": _contracted,
    "gather": _later_axis,
    "gather_adjoint": _added_along,
    "pad": _padded,
    "reshape": _reshaped,
    "slice": _sliced,
    "slice_adjoint": _unsliced,
    "sum_to": _summed,
    "transpose": _transposed,
}
"""For operations that are not elementwise: how they run for all rows; None where they do not."""
