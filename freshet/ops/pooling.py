"""Pooling by name: the public functions. Primitives are in `freshet.ops.pooling_primitives`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import pooling_primitives as p
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.windows import (
    SAME,
    Ints,
    Padding,
    channels_come_first,
    channels_first,
    channels_last,
    per_dimension,
    window_options,
)

_Pooled = Callable[[Tensor, dict[str, Any]], Tensor]


def _pool(
    name: str, input: TensorLike, ksize: Any, strides: Any, padding: Padding,
    data_format: str | None, rank: int | None, pooled: _Pooled,
) -> Tensor:  # fmt: skip
    x = convert_to_tensor(input)
    spatial = x.ndim - 2 if rank is None else rank
    if x.ndim != spatial + 2 or spatial < 1:
        raise InvalidArgumentError(
            f"{name}: expected [batch, spatial..., channels]"
            + (f" of rank {rank + 2}" if rank else "")
            + f", received {x._type}"
        )
    first = channels_come_first(name, data_format, spatial)
    x = channels_last(x) if first else x
    window = per_dimension(name, "ksize", ksize, spatial, channels_first=first)
    options = window_options(name, x.shape[1:-1], window, strides, padding, channels_first=first)
    _check_no_empty_window(name, window, options["padding"])
    y = pooled(x, {"window": window, "strides": options["strides"], "padding": options["padding"]})
    return channels_first(y) if first else y


def _check_no_empty_window(name: str, window: Ints, pads: Any) -> None:
    """Refuse padding so wide that a window would see nothing else."""
    if pads != SAME and any(max(pair) >= k for pair, k in zip(pads, window, strict=True)):
        raise InvalidArgumentError(
            f"{name}: padding {pads} must be smaller than the window {window} in each dimension"
        )


def _largest(x: Tensor, params: dict[str, Any]) -> Tensor:
    return p.max_pool_p(x, **params)


def _average(x: Tensor, params: dict[str, Any]) -> Tensor:
    if not x.dtype.is_floating:
        raise DTypeError(f"avg_pool: expected floating-point numbers, received {x._type}")
    return m.divide(p.sum_pool_p(x, **params), _counts(x, params))


def _counts(x: Tensor, params: dict[str, Any]) -> Any:
    """Return how many elements of the input each window has."""
    if params["padding"] != SAME and not any(n for pair in params["padding"] for n in pair):
        return float(np.prod(params["window"]))
    spatial = x.shape[1:-1]
    if None in spatial:
        one = shaping.ones_like(x[:1, ..., :1])
        return p.sum_pool_p(one, **params)
    ones = np.ones((1, *(int(s) for s in spatial if s is not None), 1), np.float64)
    counts = p.sum_pool_p.reference(ones, **params)
    return Tensor._of_array(counts.astype(x.dtype.as_numpy_dtype), x.dtype)


# --- the maximum ----------------------------------------------------------------------------------


def max_pool(
    input: TensorLike, ksize: Any, strides: Any, padding: Padding, data_format: str | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the largest element of each window; what padding adds never is it.

    Args:
        input: Numbers[batch, spatial..., channels].
        ksize: Size of the window, one or one per dimension.
        strides: Distance between windows.
        padding: "SAME", "VALID" or pairs of numbers.
        data_format: With "NC...", channels come second.
        name: Ignored.

    Raises:
        InvalidArgumentError: The arguments do not fit the input.

    Example:
        >>> max_pool([[[1.0], [5.0], [2.0], [3.0]]], 2, 2, "VALID").numpy().tolist()
        [[[5.0], [3.0]]]
    """
    return _pool("max_pool", input, ksize, strides, padding, data_format, None, _largest)


def max_pool1d(
    input: TensorLike, ksize: Any, strides: Any, padding: Padding, data_format: str = "NWC",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return `max_pool` over one dimension of float[batch, width, channels].

    Example:
        >>> max_pool1d([[[1.0], [5.0], [2.0]]], 2, 1, "VALID").numpy().reshape(-1).tolist()
        [5.0, 5.0]
    """
    return _pool("max_pool1d", input, ksize, strides, padding, data_format, 1, _largest)


def max_pool2d(
    input: TensorLike, ksize: Any, strides: Any, padding: Padding, data_format: str = "NHWC",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return `max_pool` over height and width of float[batch, height, width, channels].

    Example:
        >>> float(max_pool2d([[[[1.0], [5.0]], [[2.0], [3.0]]]], 2, 2, "VALID"))
        5.0
    """
    return _pool("max_pool2d", input, ksize, strides, padding, data_format, 2, _largest)


def max_pool3d(
    input: TensorLike, ksize: Any, strides: Any, padding: Padding, data_format: str = "NDHWC",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return `max_pool` over the space of float[batch, depth, height, width, channels].

    Example:
        >>> float(max_pool3d([[[[[1.0], [5.0]]]]], [1, 1, 2], 1, "VALID"))
        5.0
    """
    return _pool("max_pool3d", input, ksize, strides, padding, data_format, 3, _largest)


def max_pool_with_argmax(
    input: TensorLike, ksize: Any, strides: Any, padding: Padding, data_format: str = "NHWC",
    output_dtype: Any = dtypes.int64, include_batch_in_index: bool = False,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return the largest element of each window, and where it is.

    Args:
        input: Numbers[batch, height, width, channels].
        ksize: Size of the window.
        strides: Distance between windows.
        padding: "SAME" or "VALID".
        data_format: Only "NHWC".
        output_dtype: int32 or int64, of the places.
        include_batch_in_index: Whether a place counts the images before.
        name: Ignored.

    Returns:
        The largest elements, and for each its place ``((b*height + y)*width + x)*channels + c`` in
        the input, with b = 0 unless the batch is included.

    Example:
        >>> y, where = max_pool_with_argmax([[[[1.0], [5.0], [2.0]]]], [1, 2], 1, "VALID")
        >>> y.numpy().reshape(-1).tolist(), where.numpy().reshape(-1).tolist()
        ([5.0, 5.0], [1, 1])
    """
    caller = "max_pool_with_argmax"
    if data_format != "NHWC":
        raise InvalidArgumentError(
            f"{caller}: data_format must be 'NHWC', received {data_format!r}"
        )
    kind = as_dtype(output_dtype)
    if kind not in {dtypes.int32, dtypes.int64}:
        raise DTypeError(f"{caller}: output_dtype must be int32 or int64, received {kind.name}")
    places: list[Tensor] = []

    def pooled(x: Tensor, params: dict[str, Any]) -> Tensor:
        largest, where = p.max_pool_p.apply((x,), params)
        places.append(p.max_pool_place_p(where, x, batch=bool(include_batch_in_index), **params))
        return largest

    y = _pool(caller, input, ksize, strides, padding, data_format, 2, pooled)
    return y, m.cast(places[0], kind)


# --- the mean -------------------------------------------------------------------------------------


def avg_pool(
    input: TensorLike, ksize: Any, strides: Any, padding: Padding, data_format: str | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the mean of each window's elements, without those that padding adds.

    Arguments as for `max_pool`; the input is floating-point.

    Example:
        >>> avg_pool([[[1.0], [5.0], [2.0]]], 2, 2, "SAME").numpy().tolist()
        [[[3.0], [2.0]]]
    """
    return _pool("avg_pool", input, ksize, strides, padding, data_format, None, _average)


def avg_pool1d(
    input: TensorLike, ksize: Any, strides: Any, padding: Padding, data_format: str = "NWC",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return `avg_pool` over one dimension of float[batch, width, channels].

    Example:
        >>> avg_pool1d([[[1.0], [5.0], [2.0]]], 2, 1, "VALID").numpy().reshape(-1).tolist()
        [3.0, 3.5]
    """
    return _pool("avg_pool1d", input, ksize, strides, padding, data_format, 1, _average)


def avg_pool2d(
    input: TensorLike, ksize: Any, strides: Any, padding: Padding, data_format: str = "NHWC",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return `avg_pool` over height and width of float[batch, height, width, channels].

    Example:
        >>> float(avg_pool2d([[[[1.0], [5.0]], [[2.0], [4.0]]]], 2, 2, "VALID"))
        3.0
    """
    return _pool("avg_pool2d", input, ksize, strides, padding, data_format, 2, _average)


def avg_pool3d(
    input: TensorLike, ksize: Any, strides: Any, padding: Padding, data_format: str = "NDHWC",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return `avg_pool` over the space of float[batch, depth, height, width, channels].

    Example:
        >>> float(avg_pool3d([[[[[1.0], [5.0]]]]], [1, 1, 2], 1, "VALID"))
        3.0
    """
    return _pool("avg_pool3d", input, ksize, strides, padding, data_format, 3, _average)
