"""Running sums and products along a dimension."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.ops import elementwise as e
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.making import FIELD, FLOATS, conj, zeros_of
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Primitive, float_compute


def _running(function: Callable[..., Any], neutral: float) -> Callable[..., Array]:
    """Return the reference of a running reduction."""

    def reference(x: Array, axis: int, exclusive: bool, reverse: bool) -> Array:
        last = np.moveaxis(x, axis, -1)
        last = last[..., ::-1] if reverse else last
        found = function(last)
        if exclusive:
            start = np.full((*found.shape[:-1], min(1, found.shape[-1])), neutral, found.dtype)
            found = np.concatenate([start, found[..., :-1]], -1)
        return np.moveaxis(found[..., ::-1] if reverse else found, -1, axis)

    return float_compute(reference)


def _primitive(
    name: str, kinds: frozenset[str], function: Callable[..., Any], neutral: float, gradient: Any
) -> Primitive:
    def infer(x: TensorType, axis: int, exclusive: bool, reverse: bool) -> TensorType:
        if x.dtype.kind not in kinds:
            raise DTypeError(f"{name}: cannot add up the elements of {x}")
        return x

    return Primitive(
        name=name, infer=infer, reference=_running(function, neutral), gradient=(gradient,),
        lower=Host("each element needs the one before it"),
    )  # fmt: skip


def _backwards(call: Call) -> dict[str, Any]:
    """Return the parameters of the same run in the other direction."""
    return {**call.params, "reverse": not call.params["reverse"]}


def _cumprod_gradient(call: Call, grad: Tensor) -> Tensor:
    """Each product contains x once, so its derivative is the product divided by x."""
    total = cumsum_p(grad * conj(call.output), **_backwards(call))
    return m.divide_no_nan(total, conj(call.x))


def _cumulative_logsumexp_gradient(call: Call, grad: Tensor) -> Tensor:
    """``exp(x) * sum(g * exp(-y))`` over the results y that x is part of.

    In logarithms, so that no exponential overflows; positive and negative g apart.
    """
    y = e.select_p(m.is_finite(call.output), call.output, zeros_of(call.output))
    parts = []
    for sign in (1.0, -1.0):
        share = m.maximum(grad * sign, 0.0)
        some = m.greater(share, 0.0)
        size = m.log(e.select_p(some, share, m.cast(1.0, share.dtype)))
        # A share of nothing weighs e to the lowest power there is.
        weight = e.select_p(some, size - y, m.cast(share.dtype.min / 4, share.dtype))
        total = cumulative_logsumexp_p(weight, **_backwards(call))
        parts.append(m.exp(total + call.x))
    return parts[0] - parts[1]


cumsum_p: Primitive = _primitive(
    "cumsum", FIELD, lambda x: np.cumsum(x, -1, dtype=x.dtype), 0,
    lambda c, g: cumsum_p(g, **_backwards(c)),
)  # fmt: skip
cumprod_p: Primitive = _primitive(
    "cumprod", FIELD, lambda x: np.cumprod(x, -1, dtype=x.dtype), 1, _cumprod_gradient
)
cumulative_logsumexp_p: Primitive = _primitive(
    "cumulative_logsumexp", FLOATS, lambda x: np.logaddexp.accumulate(x, -1), -np.inf,
    _cumulative_logsumexp_gradient,
)  # fmt: skip


def _run(primitive: Primitive, x: TensorLike, axis: Any, exclusive: bool, reverse: bool) -> Tensor:
    tensor = convert_to_tensor(x)
    if not tensor.ndim:
        raise InvalidArgumentError(
            f"{primitive.name}: expected a tensor of rank 1 or more, received {tensor._type}"
        )
    where = normalize_axis(primitive.name, int(axis), tensor.ndim)
    return primitive(tensor, axis=where, exclusive=bool(exclusive), reverse=bool(reverse))


@dispatched
def cumsum(
    x: TensorLike, axis: int = 0, exclusive: bool = False, reverse: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the running sum along a dimension: ``y[i] = x[0] + ... + x[i]``.

    Args:
        x: Numbers, of rank 1 or more.
        axis: The dimension.
        exclusive: Leave x[i] itself out, so that the first is 0.
        reverse: Start from the end.
        name: Ignored.

    Raises:
        InvalidArgumentError: x has rank 0 or no such dimension.

    Example:
        >>> cumsum([1, 2, 3]).numpy().tolist()
        [1, 3, 6]
        >>> cumsum([1, 2, 3], exclusive=True, reverse=True).numpy().tolist()
        [5, 3, 0]
    """
    return _run(cumsum_p, x, axis, exclusive, reverse)


@dispatched
def cumprod(
    x: TensorLike, axis: int = 0, exclusive: bool = False, reverse: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the running product along a dimension; arguments as for `cumsum`.

    As in TensorFlow, no gradient flows to an element that is 0.

    Example:
        >>> cumprod([1, 2, 3]).numpy().tolist()
        [1, 2, 6]
    """
    return _run(cumprod_p, x, axis, exclusive, reverse)


@dispatched
def cumulative_logsumexp(
    x: TensorLike, axis: int = 0, exclusive: bool = False, reverse: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return ``log(cumsum(exp(x)))`` without overflow; arguments as for `cumsum`.

    Example:
        >>> cumulative_logsumexp([1000.0, 1000.0]).numpy().round(3).tolist()
        [1000.0, 1000.6929931640625]
    """
    return _run(cumulative_logsumexp_p, x, axis, exclusive, reverse)
