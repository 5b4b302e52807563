"""Running sums and products along a dimension."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.array import broadcast_like, concat_p, reverse_p, slice_p
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.elementwise_rules import FIELD, FLOATS, conj, kinds_text, zeros_of
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Joint, Primitive, float_compute


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


def _infer(name: str, kinds: frozenset[str]) -> Callable[..., TensorType]:
    def infer(x: TensorType, **params: Any) -> TensorType:
        if x.dtype.kind not in kinds:
            raise DTypeError(f"{name}: expected {kinds_text(kinds)} elements, received {x}")
        return x

    return infer


_ONE_BY_ONE: Final = Host("each element needs the one before it")


def _backwards(call: Call) -> dict[str, Any]:
    """Return the parameters of the same run in the other direction."""
    return {**call.params, "reverse": not call.params["reverse"]}


cumsum_p: Primitive = Primitive(
    name="cumsum", infer=_infer("cumsum", FIELD),
    reference=_running(lambda x: np.cumsum(x, -1, dtype=x.dtype), 0),
    gradient=(lambda c, g: cumsum_p(g, **_backwards(c)),), lower=_ONE_BY_ONE,
)  # fmt: skip

# --- recurrences ----------------------------------------------------------------------------------


def _part(x: Tensor, axis: int, start: int | None, stop: int | None) -> Tensor:
    whole = (None, None, None)
    spec = tuple((start, stop, None) if d == axis else whole for d in range(x.ndim))
    return slice_p(x, spec=spec)


def _next(x: Tensor, axis: int) -> Tensor:
    """Return for each element the one after it, and the last itself."""
    return concat_p(_part(x, axis, 1, None), _part(x, axis, -1, None), axis=axis)


def _before(x: Tensor, axis: int, first: Tensor) -> Tensor:
    """Return for each element the one before it; `first` for the first."""
    start = broadcast_like(first, _part(x, axis, None, 1))
    return concat_p(start, _part(x, axis, None, -1), axis=axis)


def _recurrence_reference(factor: Array, added: Array, axis: int) -> Array:
    steps, terms = np.moveaxis(factor, axis, 0), np.moveaxis(added, axis, 0)
    found = np.empty_like(terms)
    state = np.zeros(terms.shape[1:], terms.dtype)
    for i in range(len(terms)):
        # What grew beyond all numbers counts for nothing behind a factor of 0.
        state = np.where((steps[i] == 0) & np.isinf(state), np.zeros_like(state), state)
        state = steps[i] * state + terms[i]
        found[i] = state
    return np.moveaxis(found, 0, axis)


def _recurrence_gradient(call: Call, wanted: Sequence[bool], grad: Tensor) -> list[Tensor | None]:
    """The same recurrence from the end: what an element adds, each later factor passes on."""
    axis = call.params["axis"]
    total = _from_the_end(conj(_next(call.x, axis)), grad, axis)
    share = total * conj(_before(call.output, axis, zeros_of(total))) if wanted[0] else None
    return [share, total]


def _from_the_end(factor: Tensor, added: Tensor, axis: int) -> Tensor:
    turned = [reverse_p(t, axes=(axis,)) for t in (factor, added)]
    return reverse_p(recurrence_p(*turned, axis=axis), axes=(axis,))


recurrence_p: Primitive = Primitive(
    name="recurrence", infer=lambda factor, added, axis: added,
    reference=float_compute(_recurrence_reference), gradient=Joint(_recurrence_gradient),
    lower=_ONE_BY_ONE,
)  # fmt: skip
"""``y[i] = factor[i] * y[i - 1] + added[i]`` along an axis, from ``y[-1] = 0``."""

# --- running products -----------------------------------------------------------------------------


def cumprod_gradient(call: Call, grad: Tensor) -> Tensor:
    """Return the gradient of `cumprod`, a polynomial: no element is divided by.

    ``gx[k] = p[k] * r[k]``, with the product of all before, ``p[k] = x[0] * ... * x[k - 1]``, and
    what is made of all from here on, ``r[k] = g[k] + x[k + 1] * r[k + 1]``.
    """
    axis, reverse = call.params["axis"], call.params["reverse"]
    x = conj(call.x)
    if reverse:
        x, grad = (reverse_p(t, axes=(axis,)) for t in (x, grad))
    if call.params["exclusive"]:
        grad = _after(grad, axis)
    before = cumprod_p(x, axis=axis, exclusive=True, reverse=False)
    behind = _from_the_end(_after(x, axis), grad, axis)
    lost = m.logical_and(m.equal(before, zeros_of(before)), m.is_inf(m.abs(behind)))
    found = before * m.where(lost, zeros_of(behind), behind)
    return reverse_p(found, axes=(axis,)) if reverse else found


def _after(x: Tensor, axis: int) -> Tensor:
    """Return for each element the one after it; 0 for the last."""
    end = broadcast_like(zeros_of(x), _part(x, axis, None, 1))
    return concat_p(_part(x, axis, 1, None), end, axis=axis)


cumprod_p: Primitive = Primitive(
    name="cumprod", infer=_infer("cumprod", FIELD),
    reference=_running(lambda x: np.cumprod(x, -1, dtype=x.dtype), 1),
    gradient=(cumprod_gradient,), lower=_ONE_BY_ONE,
)  # fmt: skip

# --- logarithms of running sums -------------------------------------------------------------------


def _logsumexp_gradient(call: Call, grad: Tensor) -> Tensor:
    """``sum(g[i] * exp(x[j] - y[i]) for i >= j)``, as a recurrence of factors that are at most 1.

    Runs of -inf, of which no sum is known to its logarithm, count as the lowest number there is.
    """
    axis = call.params["axis"]
    lowest = Tensor._of_array(np.asarray(grad.dtype.min / 4, grad.dtype.as_numpy_dtype), grad.dtype)
    y = m.maximum(call.output, lowest)
    decay = m.exp(y - _next(y, axis))
    return _from_the_end(decay, grad, axis) * m.exp(call.x - y)


cumulative_logsumexp_p: Primitive = Primitive(
    name="cumulative_logsumexp", infer=_infer("cumulative_logsumexp", FLOATS),
    reference=float_compute(lambda x, axis: np.logaddexp.accumulate(x, axis)),
    gradient=(_logsumexp_gradient,), lower=_ONE_BY_ONE,
)  # fmt: skip

# --- public functions -----------------------------------------------------------------------------


def _along(name: str, x: TensorLike, axis: Any) -> tuple[Tensor, int]:
    tensor = convert_to_tensor(x)
    if not tensor.ndim:
        raise InvalidArgumentError(
            f"{name}: expected a tensor of rank 1 or more, received {tensor._type}"
        )
    return tensor, normalize_axis(name, int(axis), tensor.ndim)


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
    tensor, where = _along("cumsum", x, axis)
    return cumsum_p(tensor, axis=where, exclusive=bool(exclusive), reverse=bool(reverse))


@dispatched
def cumprod(
    x: TensorLike, axis: int = 0, exclusive: bool = False, reverse: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the running product along a dimension; arguments as for `cumsum`.

    Its gradient is also right at an element that is 0, where TensorFlow's is 0.

    Example:
        >>> cumprod([1, 2, 3]).numpy().tolist()
        [1, 2, 6]
    """
    tensor, where = _along("cumprod", x, axis)
    return cumprod_p(tensor, axis=where, exclusive=bool(exclusive), reverse=bool(reverse))


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
    tensor, where = _along("cumulative_logsumexp", x, axis)
    if reverse:
        tensor = reverse_p(tensor, axes=(where,))
    found = cumulative_logsumexp_p(tensor, axis=where)
    if exclusive:
        nothing = Tensor._of_array(np.asarray(-np.inf, found.dtype.as_numpy_dtype), found.dtype)
        found = _before(found, where, nothing)
    return reverse_p(found, axes=(where,)) if reverse else found
