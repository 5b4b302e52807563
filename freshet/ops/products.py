"""The gradient of a product, which can be differentiated where elements are 0.

    product_share:  y[i] = g * product over j != i of x[j]        along axes

`reduce_prod`'s gradient divides the whole product by each element, and puts right what that gives
where elements are 0. This is fast, but says nothing of the next derivative there. So it goes
through this primitive: kernels take the value that they are given, while its gradient is that of
what it means, the product of all before an element times the product of all behind it. These are
polynomials, so all further orders are right.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.array import broadcast_like, sum_to
from freshet.ops.cumulative import cumprod_gradient, cumprod_p
from freshet.ops.elementwise_rules import ANALYTIC, conj, infer_elementwise, lower_elementwise
from freshet.ops.primitive import Call, Primitive, float_compute
from freshet.ops.scalar import Expr

_TYPE = infer_elementwise("product_share", ANALYTIC)


def _infer(value: TensorType, x: TensorType, grad: TensorType, axes: tuple[int, ...]) -> TensorType:
    del axes
    return _TYPE(value, x, grad)


def _reference(value: Array, x: Array, grad: Array, axes: tuple[int, ...]) -> Array:
    del value
    order = [*(d for d in range(-x.ndim, 0) if d not in axes), *axes]
    last = np.transpose(x, order)
    flat = last.reshape(*last.shape[: x.ndim - len(axes)], math.prod(x.shape[a] for a in axes))
    ones = np.ones_like(flat[..., :1])
    before = np.cumprod(np.concatenate([ones, flat[..., :-1]], -1), -1)
    behind = np.cumprod(np.concatenate([ones, flat[..., :0:-1]], -1), -1)[..., ::-1]
    others = np.transpose((before * behind).reshape(last.shape), np.argsort(order))
    found: Array = np.conj(others) * grad
    return found


def _body(value: Expr, x: Expr, grad: Expr, axes: tuple[int, ...]) -> Expr:
    del x, grad, axes
    return value


_Way = dict[str, Any]


def _around(x: Tensor, axes: Sequence[int]) -> tuple[Tensor, list[_Way], list[Tensor]]:
    """Return the factors, how to run over them, and the products before and behind each."""
    factors = merged(conj(x), axes)
    where = {"axis": x.ndim - len(axes), "exclusive": True}
    ways = [{**where, "reverse": False}, {**where, "reverse": True}]
    return factors, ways, [cumprod_p(factors, **way) for way in ways]


def _factors_gradient(call: Call, grad: Tensor) -> Tensor:
    _, x, upstream = call.inputs
    axes = tuple(axis % grad.ndim for axis in call.params["axes"])
    factors, ways, products = _around(broadcast_like(x, grad), axes)
    share = merged(grad * conj(upstream), axes)
    before, behind = (
        cumprod_gradient(Call((factors,), (own,), way), share * conj(other))
        for own, other, way in zip(products, reversed(products), ways, strict=True)
    )
    return sum_to(conj(parted(before + behind, axes, grad)), x)


def _upstream_gradient(call: Call, grad: Tensor) -> Tensor:
    _, x, upstream = call.inputs
    axes = tuple(axis % grad.ndim for axis in call.params["axes"])
    _, _, (before, behind) = _around(broadcast_like(x, grad), axes)
    return sum_to(grad * conj(parted(before * behind, axes, grad)), upstream)


def _order(axes: Sequence[int], rank: int) -> list[int]:
    return [*(d for d in range(rank) if d not in axes), *axes]


def merged(x: Tensor, axes: Sequence[int]) -> Tensor:
    """Return `x` with some axes as one, the last."""
    from freshet.ops import shaping  # noqa: PLC0415 (reductions come before it)

    if not axes:
        return shaping.expand_dims(x, -1)
    last = shaping.transpose(x, _order(axes, x.ndim))
    if len(axes) == 1:
        return last
    kept = x.ndim - len(axes)
    sizes = shaping.sizes(last)
    return shaping.reshape(last, [*sizes[:kept], functools.reduce(operator.mul, sizes[kept:])])


def parted(x: Tensor, axes: Sequence[int], like: Tensor) -> Tensor:
    """Return what `merged` was given, a tensor of the shape of `like`."""
    from freshet.ops import shaping  # noqa: PLC0415 (reductions come before it)

    if not axes:
        return shaping.squeeze(x, -1)
    order = _order(axes, like.ndim)
    sizes = shaping.sizes(like)
    whole = x if len(axes) == 1 else shaping.reshape(x, [sizes[d] for d in order])
    return shaping.transpose(whole, [order.index(d) for d in range(like.ndim)])


product_share_p: Primitive = Primitive(
    name="product_share", infer=_infer, reference=float_compute(_reference),
    gradient=(None, _factors_gradient, _upstream_gradient), lower=lower_elementwise(_body),
)  # fmt: skip
"""The operands: the value, as it was found; the factors `x`, and `g`. `axes` count from the end, so
that further dimensions in front change nothing."""
