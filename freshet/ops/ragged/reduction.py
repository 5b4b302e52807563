"""Reductions of ragged tensors: along rows, across them, or of everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import Dim, TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import reduction as plain
from freshet.ops import shaping
from freshet.ops.dispatch import overload
from freshet.ops.elementwise import zeros_of
from freshet.ops.gathering import gather
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Primitive, float_compute
from freshet.ops.ragged import partition
from freshet.ops.ragged.indexing import expand_first, expand_second
from freshet.ops.ragged.ragged_tensor import RaggedTensor

# --- values that belong together ------------------------------------------------------------------

_COMBINE: Final[dict[str, Any]] = {
    "sum": np.add, "prod": np.multiply, "min": np.minimum, "max": np.maximum,
    "all": np.logical_and, "any": np.logical_or,
}  # fmt: skip


def _start(op: str, x: Array) -> Any:
    """Return what nothing is combined to."""
    kind = dtypes.of_array(x)
    if op in {"min", "max"}:
        if kind.is_floating:
            return np.inf if op == "min" else -np.inf
        return kind.max if op == "min" else kind.min
    return {"sum": 0, "prod": 1, "all": True, "any": False}[op]


def _combine_infer(
    x: TensorType, groups: TensorType, *operand: TensorType, op: str, count: Dim
) -> TensorType:
    kinds = {"bool"} if op in {"all", "any"} else {"float", "int", "uint", "complex"}
    if x.dtype.kind not in kinds:
        raise DTypeError(f"reduce_{op}: cannot reduce a ragged tensor of {x.dtype.name}")
    return TensorType(x.dtype, (count, *x.shape[1:]))


def _combine_reference(x: Array, groups: Array, *operand: Array, op: str, count: Dim) -> Array:
    number = int(operand[0]) if operand else count
    total = np.full((number, *x.shape[1:]), _start(op, x), x.dtype)
    _COMBINE[op].at(total, groups.astype(np.int64), x)
    return total


def _spread(values: Tensor, call: Call) -> Tensor:
    """Return for each value what its group has."""
    return gather(values, call.inputs[1])


def _combine_gradient(call: Call, grad: Tensor) -> Tensor:
    op, x = call.params["op"], call.x
    if op == "sum":
        return _spread(grad, call)
    rest = call.inputs[1:]

    def total(values: Tensor) -> Tensor:
        return combine_p(values, *rest, op="sum", count=call.params["count"])

    if op == "prod":
        zero = m.equal(x, zeros_of(x))
        nonzero = m.where(zero, shaping.ones_like(x), x)
        product = combine_p(nonzero, *rest, op="prod", count=call.params["count"])
        zeros = _spread(total(m.cast(zero, x.dtype)), call) - m.cast(zero, x.dtype)
        others = _spread(product * grad, call) / nonzero
        return m.where(zeros > 0, zeros_of(others), others)
    chosen = m.cast(m.equal(x, _spread(call.output, call)), grad.dtype)
    return chosen * _spread(grad / m.maximum(total(chosen), 1.0), call)


combine_p: Primitive = Primitive(
    name="ragged_combine", infer=_combine_infer, reference=float_compute(_combine_reference),
    gradient=(_combine_gradient, None, None),
    lower=Host("which values belong together is data"),
)  # fmt: skip


def combine_groups(op: str, values: Any, groups: Tensor, count: Tensor) -> Any:
    """Return the values combined that have the same group; ragged ones element by element."""
    if isinstance(values, RaggedTensor):
        lengths = combine(values.row_lengths(), groups, count, "max")
        lengths = m.maximum(lengths, partition.whole(0, lengths.dtype))
        splits = partition.lengths_to_splits_p(lengths)
        starts = gather(splits[:-1], groups)
        places, _ = partition.consecutive(starts, starts + values.row_lengths())
        return RaggedTensor._of(combine_groups(op, values.values, places, splits[-1]), splits)
    return combine(values, groups, count, op)


def combine(values: Tensor, groups: Tensor, count: Tensor, op: str) -> Tensor:
    """Return, for each of `count` groups, its values combined."""
    if count._array is not None:
        return combine_p(values, groups, op=op, count=int(count))
    return combine_p(values, groups, count, op=op, count=None)


# --- along dimensions -----------------------------------------------------------------------------


def _axes(name: str, x: RaggedTensor, axis: Any) -> tuple[int, ...]:
    if isinstance(axis, Tensor):
        axis = axis.numpy().tolist()
    items: Sequence[Any] = list(axis) if isinstance(axis, (list, tuple, np.ndarray)) else [axis]
    found = tuple(sorted({normalize_axis(name, int(a), x.ndim) for a in items}))
    if len(found) != len(items):
        raise InvalidArgumentError(f"{name}: axis {axis} names a dimension twice")
    return found


def _reduced(op: str, x: Any, axis: int, keepdims: bool, whole: Callable[..., Any]) -> Any:
    """Reduce one dimension."""
    if not isinstance(x, RaggedTensor):
        return whole(x, axis=axis, keepdims=keepdims)
    if axis == 0:
        # Of each value its place in the row: values of one place come together.
        starts = gather(x.row_starts(), x.value_rowids())
        one = partition.whole(1, starts.dtype)
        count = x.bounding_shape(axis=1)
        everything = partition.ranges_p(
            partition.whole(0, starts.dtype), x.row_splits[-1], one, splits_dtype=starts.dtype
        )
        found = combine_groups(op, x.values, everything - starts, count)
        return expand_first(found) if keepdims else found
    if axis == 1:
        found = combine_groups(op, x.values, x.value_rowids(), x.nrows())
        return expand_second(found) if keepdims else found
    return x.with_values(_reduced(op, x.values, axis - 1, keepdims, whole))


def reduce(op: str, whole: Callable[..., Any], x: RaggedTensor, axis: Any, keepdims: bool) -> Any:
    """Reduce dimensions of a ragged tensor.

    Args:
        op: Name in the table above.
        whole: The public function for tensors.
        x: A ragged tensor.
        axis: A dimension, several, or None for all.
        keepdims: Keep reduced dimensions with size 1.
    """
    if axis is None:
        total = whole(x.flat_values)
        return shaping.reshape(total, [1] * x.ndim) if keepdims else total
    found: Any = x
    for d in reversed(_axes(f"reduce_{op}", x, axis)):
        found = _reduced(op, found, d, keepdims, whole)
    return found


def _register(function: Callable[..., Any], op: str) -> None:
    @overload(function, RaggedTensor)
    def reduced(
        input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
    ) -> Any:
        x = input_tensor
        if op in {"any", "all"} and not x.dtype.is_bool:
            x = x.with_flat_values(m.cast(x.flat_values, dtypes.bool_))
        return reduce(op, function, x, axis, bool(keepdims))


_register(plain.reduce_sum, "sum")
_register(plain.reduce_prod, "prod")
_register(plain.reduce_min, "min")
_register(plain.reduce_max, "max")
_register(plain.reduce_all, "all")
_register(plain.reduce_any, "any")


@overload(plain.reduce_mean, RaggedTensor)
def _mean(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    x = input_tensor
    if axis is None:
        return reduce("mean", plain.reduce_mean, x, None, bool(keepdims))
    ones = x.with_flat_values(shaping.ones_like(x.flat_values, dtypes.float32))
    count = plain.reduce_sum(ones, axis, keepdims)
    total = plain.reduce_sum(x, axis, keepdims)
    # Of integers this is not rounded, as in TensorFlow: it is a quotient of ragged tensors.
    return m.divide(total, m.cast(count, x.dtype))


@overload(plain.reduce_variance, RaggedTensor)
def _variance(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    squared = plain.reduce_mean(m.square(input_tensor), axis, keepdims)
    mean = plain.reduce_mean(input_tensor, axis, keepdims)
    return squared - m.square(mean)


@overload(plain.reduce_std, RaggedTensor)
def _std(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    return m.sqrt(_variance(input_tensor, axis, keepdims))


@overload(plain.reduce_logsumexp, RaggedTensor)
def _logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    x = input_tensor
    if axis is None:
        return reduce("logsumexp", plain.reduce_logsumexp, x, None, bool(keepdims))
    largest = plain.reduce_max(x, axis, keepdims=True)
    flat = largest.flat_values if isinstance(largest, RaggedTensor) else largest
    flat = m.stop_gradient(m.where(m.is_finite(flat), flat, zeros_of(flat)))
    kept = largest.with_flat_values(flat) if isinstance(largest, RaggedTensor) else flat
    powers = plain.reduce_sum(m.exp(x - kept), axis, keepdims)
    if keepdims:
        return m.log(powers) + kept
    # Without the dimension of size 1, as the sum has it.
    return m.log(powers) + plain.reduce_sum(kept, axis)
