"""Reductions: sum, mean, extremes and their positions along axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.ops import elementwise as e
from freshet.ops import math as m
from freshet.ops.array import broadcast_like, expand_dims_p, shape, squeeze_p
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.elementwise_rules import FIELD, conj
from freshet.ops.index import Index
from freshet.ops.math import TensorLike
from freshet.ops.nest import Nest, Reduce, o, r
from freshet.ops.primitive import Call, NoGradient, OperandGradient, Primitive, float_compute
from freshet.ops.products import product_share_p

Axes = tuple[int, ...]


def _where(rank: int, axes: Axes) -> tuple[Index, ...]:
    """Return where the input is read: kept dimensions are output axes, the others reduced ones."""
    kept = [d for d in range(rank) if d not in axes]
    return tuple(Index(r(axes.index(d)) if d in axes else o(kept.index(d))) for d in range(rank))


def _lower(op: str) -> Callable[..., Nest]:
    def lower(x: TensorType, axes: Axes) -> Nest:
        return Nest(
            operands=(_where(x.rank, axes),), body=lambda value: value,
            reduced=tuple(x.static_shape[a] for a in axes), reduce=(Reduce(op),),
        )  # fmt: skip

    return lower


def _kept(x: TensorType, axes: Axes) -> tuple[int | None, ...]:
    return tuple(size for d, size in enumerate(x.shape) if d not in axes)


def _primitive(
    name: str, op: str, kinds: frozenset[str], reference: Callable[..., Any], gradient: Any
) -> Primitive:
    def infer(x: TensorType, axes: Axes) -> TensorType:
        if x.dtype.kind not in kinds:
            raise DTypeError(f"{name}: cannot reduce {x}")
        return TensorType(x.dtype, _kept(x, axes))

    return Primitive(
        name=name, infer=infer, gradient=gradient, lower=_lower(op),
        reference=float_compute(lambda x, axes: reference(x, axis=axes)),
    )  # fmt: skip


def _spread(grad: Tensor, call: Call) -> Tensor:
    """Give a reduced tensor the shape it had before."""
    return broadcast_like(expand_dims_p(grad, axes=call.params["axes"]), call.x)


def _extreme_gradient(call: Call, grad: Tensor) -> Tensor:
    """Share the gradient equally among the elements that are the extreme, as TensorFlow does."""
    chosen = e.equal_p(call.x, _spread(call.output, call))
    weights = e.cast_p(chosen, dtype=grad.dtype)
    count = reduce_sum_p(weights, axes=call.params["axes"])
    return weights * _spread(grad / count, call)


def _prod_gradient(call: Call, grad: Tensor) -> Tensor:
    """The product of the other elements, also where one of them is 0."""
    axes = call.params["axes"]
    zero = e.equal_p(call.x, e.zeros_of(call.x))
    one = Tensor._of_array(np.ones((), call.x.dtype.as_numpy_dtype), call.x.dtype)
    nonzero = e.select_p(zero, one, call.x)
    product = _spread(conj(reduce_prod_p(nonzero, axes=axes)) * grad, call)
    zeros = _spread(reduce_sum_p(e.cast_p(zero, dtype=call.x.dtype), axes=axes), call)
    others_zero = zeros - e.cast_p(zero, dtype=call.x.dtype)
    some = e.not_equal_p(others_zero, e.zeros_of(others_zero))
    share = e.select_p(some, e.zeros_of(product), product / conj(nonzero))
    upstream = expand_dims_p(grad, axes=axes)
    return product_share_p(share, call.x, upstream, axes=tuple(a - call.x.ndim for a in axes))


def _sum_reference(x: Array, axis: Axes) -> Any:
    return np.sum(x, axis=axis, dtype=x.dtype)


def _extreme(function: Callable[..., Any], *, largest: bool) -> Callable[..., Any]:
    def reference(x: Array, axis: Axes) -> Any:
        kind = dtypes.of_array(x)
        worst = kind.min if largest else kind.max
        if kind.is_floating:
            worst = -math.inf if largest else math.inf
        return function(x, axis=axis, initial=worst)

    return reference


_SPREAD: OperandGradient = lambda call, grad: _spread(grad, call)  # noqa: E731 (a rule is a value)
reduce_sum_p: Primitive = _primitive("reduce_sum", "sum", FIELD, _sum_reference, (_SPREAD,))
reduce_max_p: Primitive = _primitive(
    "reduce_max", "max", e.NUMBERS, _extreme(np.max, largest=True), (_extreme_gradient,)
)
reduce_min_p: Primitive = _primitive(
    "reduce_min", "min", e.NUMBERS, _extreme(np.min, largest=False), (_extreme_gradient,)
)
reduce_prod_p: Primitive = _primitive(
    "reduce_prod", "prod", FIELD,
    lambda x, axis: np.prod(x, axis=axis, dtype=x.dtype), (_prod_gradient,),
)  # fmt: skip
_TRUTH = NoGradient("truth values do not vary smoothly")
reduce_all_p: Primitive = _primitive("reduce_all", "and", e.BOOLS, np.all, _TRUTH)
reduce_any_p: Primitive = _primitive("reduce_any", "or", e.BOOLS, np.any, _TRUTH)


def _position_primitive(name: str, reference: Callable[..., Any]) -> Primitive:
    def infer(x: TensorType, axis: int, dtype: DType) -> TensorType:
        if x.dtype.kind not in e.ANY:
            raise DTypeError(f"{name}: cannot compare the elements of {x}")
        if x.shape[axis] == 0:
            raise InvalidArgumentError(f"{name}: axis {axis} of {x} has no elements")
        return TensorType(dtype, _kept(x, (axis,)))

    def lower(x: TensorType, axis: int, dtype: DType) -> Nest:
        return Nest(
            operands=(_where(x.rank, (axis,)),), body=lambda value: value,
            reduced=(x.static_shape[axis],), reduce=(Reduce(name, r(0), dtype),),
        )  # fmt: skip

    return Primitive(
        name=name, infer=infer, lower=lower, gradient=NoGradient("positions are whole numbers"),
        reference=lambda x, axis, dtype: reference(x, axis).astype(dtype.as_numpy_dtype),
    )  # fmt: skip


_POSITIONS: Final = ("int16", "uint16", "int32", "int64")
argmax_p: Primitive = _position_primitive("argmax", np.argmax)
argmin_p: Primitive = _position_primitive("argmin", np.argmin)


# --- public functions -----------------------------------------------------------------------------


def _axes(name: str, x: Tensor, axis: Any) -> Axes:
    if axis is None:
        return tuple(range(x.ndim))
    if isinstance(axis, Tensor):
        axis = axis.numpy().tolist()
    items: Sequence[Any] = tuple(axis) if isinstance(axis, (list, tuple, np.ndarray)) else (axis,)
    found = tuple(sorted({normalize_axis(name, int(a), x.ndim) for a in items}))
    if len(found) != len(items):
        raise InvalidArgumentError(f"{name}: axis {axis} names a dimension twice")
    return found


def _reduce(primitive: Primitive, x: TensorLike, axis: Any, keepdims: bool) -> Tensor:
    tensor = convert_to_tensor(x)
    axes = _axes(primitive.name, tensor, axis)
    if not axes:
        primitive.types([tensor._type], {"axes": axes})  # which refuses what cannot be reduced
        return tensor
    result = primitive(tensor, axes=axes)
    return expand_dims_p(result, axes=axes) if keepdims else result


@dispatched
def reduce_sum(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return the sum along axes.

    Args:
        input_tensor: Numbers.
        axis: A dimension, several, or None for all.
        keepdims: Keep reduced dimensions with size 1.
        name: Ignored.

    Example:
        >>> reduce_sum([[1, 2], [3, 4]], axis=0).numpy().tolist()
        [4, 6]
    """
    return _reduce(reduce_sum_p, input_tensor, axis, keepdims)


@dispatched
def reduce_max(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return the largest element along axes; NaN if one is NaN, -inf of no elements.

    Example:
        >>> reduce_max([[1, 5], [3, 2]], axis=1).numpy().tolist()
        [5, 3]
    """
    return _reduce(reduce_max_p, input_tensor, axis, keepdims)


@dispatched
def reduce_min(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return the smallest element along axes; NaN if one is NaN, inf of no elements.

    Example:
        >>> reduce_min([[1, 5], [3, 2]], axis=1).numpy().tolist()
        [1, 2]
    """
    return _reduce(reduce_min_p, input_tensor, axis, keepdims)


@dispatched
def reduce_prod(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return the product along axes.

    Example:
        >>> int(reduce_prod([2, 3, 4]))
        24
    """
    return _reduce(reduce_prod_p, input_tensor, axis, keepdims)


@dispatched
def reduce_all(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return whether all elements along axes are true; so it is of no elements.

    Example:
        >>> bool(reduce_all([True, False])), bool(reduce_all([]))
        (False, True)
    """
    truths = convert_to_tensor(input_tensor, dtype_hint=dtypes.bool_)
    return _reduce(reduce_all_p, truths, axis, keepdims)


@dispatched
def reduce_any(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return whether any element along axes is true; of no elements, none is.

    Example:
        >>> bool(reduce_any([True, False])), bool(reduce_any([]))
        (True, False)
    """
    truths = convert_to_tensor(input_tensor, dtype_hint=dtypes.bool_)
    return _reduce(reduce_any_p, truths, axis, keepdims)


@dispatched
def reduce_mean(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return the mean along axes; of integers, rounded towards 0, and 0 of no elements.

    Example:
        >>> float(reduce_mean([1.0, 2.0, 6.0]))
        3.0
    """
    tensor = convert_to_tensor(input_tensor)
    own = tensor.dtype
    axes = _axes("reduce_mean", tensor, axis)
    if own.is_integer:  # whose sum may need more bits than the mean
        tensor = m.cast(tensor, dtypes.uint64 if own.is_unsigned else dtypes.int64)
    total = _reduce(reduce_sum_p, tensor, axes, keepdims)
    sizes = [tensor.shape[a] for a in axes]
    if None not in sizes:
        count: Any = math.prod(s for s in sizes if s is not None)
    else:
        dims = shape(tensor)
        count = m.cast(1, tensor.dtype)
        for a in axes:
            count = count * m.cast(dims[a], tensor.dtype)
    if own.is_integer:
        return m.cast(_truncated(total, m.maximum(m.cast(count, tensor.dtype), 1)), own)
    return m.divide(total, m.cast(count, tensor.dtype))


def _truncated(total: Tensor, count: Tensor) -> Tensor:
    """Return a quotient rounded towards 0; the count is above 0."""
    if total.dtype.is_unsigned:
        return m.floordiv(total, count)
    return m.sign(total) * m.floordiv(m.abs(total), count)


@dispatched
def reduce_variance(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return the mean squared distance from the mean (divided by n, not n-1).

    Of complex numbers, distances are absolute values and the variance is real.

    Raises:
        DTypeError: The elements are neither floating-point nor complex.

    Example:
        >>> float(reduce_variance([1.0, 3.0]))
        1.0
    """
    tensor = convert_to_tensor(input_tensor)
    if not tensor.dtype.is_differentiable:
        raise DTypeError(
            f"reduce_variance: expected floating-point or complex numbers, received {tensor._type};"
            " convert them with ft.cast"
        )
    centered = tensor - reduce_mean(tensor, axis, keepdims=True)
    if tensor.dtype.is_complex:
        squares = m.cast(centered * conj(centered), tensor.dtype.real_dtype)
    else:
        squares = m.square(centered)
    return reduce_mean(squares, axis, keepdims)


@dispatched
def reduce_std(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return the square root of the variance; see `reduce_variance`.

    Example:
        >>> float(reduce_std([1.0, 3.0]))
        1.0
    """
    return m.sqrt(reduce_variance(input_tensor, axis, keepdims))


@dispatched
def reduce_euclidean_norm(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return ``sqrt(sum(|x|**2))`` along axes; of integers, rounded down.

    Example:
        >>> float(reduce_euclidean_norm([3.0, 4.0]))
        5.0
    """
    tensor = convert_to_tensor(input_tensor)
    own = tensor.dtype
    if own.is_integer:
        tensor = m.cast(tensor, dtypes.float64)
    total = reduce_sum(tensor * conj(tensor), axis, keepdims)
    return m.cast(m.sqrt(total), own)


@dispatched
def reduce_logsumexp(
    input_tensor: TensorLike, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Return ``log(sum(exp(x)))`` along axes, without overflow; -inf of no elements.

    Example:
        >>> round(float(reduce_logsumexp([0.0, 0.0])), 5)
        0.69315
    """
    tensor = convert_to_tensor(input_tensor)
    if not tensor.dtype.is_floating:
        raise DTypeError(
            f"reduce_logsumexp: expected floating-point numbers, received {tensor._type}"
        )
    largest = m.stop_gradient(reduce_max(tensor, axis, keepdims=True))
    # Infinite maxima would give inf - inf.
    largest = m.where(m.is_finite(largest), largest, e.zeros_of(largest))
    total = m.log(reduce_sum(m.exp(tensor - largest), axis, keepdims=True)) + largest
    if keepdims:
        return total
    return squeeze_p(total, axes=_axes("reduce_logsumexp", tensor, axis))


@dispatched
def argmax(
    input: TensorLike, axis: int | None = None, output_type: Any = dtypes.int64,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the position of the largest element along an axis; of the first among equals.

    NaN counts as larger than all numbers, as in NumPy.

    Args:
        input: Numbers or truth values.
        axis: The dimension; 0 by default, as in TensorFlow.
        output_type: int16, uint16, int32 or int64.
        name: Ignored.

    Example:
        >>> argmax([1, 5, 5]).numpy()
        np.int64(1)
    """
    return _position(argmax_p, input, axis, output_type)


@dispatched
def argmin(
    input: TensorLike, axis: int | None = None, output_type: Any = dtypes.int64,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the position of the smallest element along an axis; of the first among equals.

    Example:
        >>> int(argmin([3, 1, 2]))
        1
    """
    return _position(argmin_p, input, axis, output_type)


def _position(primitive: Primitive, x: TensorLike, axis: int | None, dtype: Any) -> Tensor:
    tensor = convert_to_tensor(x)
    where = normalize_axis(primitive.name, 0 if axis is None else int(axis), tensor.ndim)
    to = as_dtype(dtype)
    if to.name not in _POSITIONS:
        raise DTypeError(
            f"{primitive.name}: output_type must be one of {', '.join(_POSITIONS)}, received "
            f"{to.name}"
        )
    return primitive(tensor, axis=where, dtype=to)
