"""Pooling of any kind, with holes in the windows.

A window with holes of rate d sees every d-th element. With each d-th element moved into a batch of
its own, it is a window without holes: `with_space_to_batch`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops.blocks import batch_to_space, required_space_to_batch_paddings, space_to_batch
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.pooling import avg_pool, max_pool
from freshet.ops.sizes import static_integers
from freshet.ops.windows import (
    Padding,
    channels_come_first,
    channels_first,
    channels_last,
    per_dimension,
)


def with_space_to_batch(
    input: TensorLike, dilation_rate: Any, padding: str, op: Callable[..., Tensor],
    filter_shape: Any = None, spatial_dims: Any = None, data_format: str | None = None,
) -> Tensor:  # fmt: skip
    """Apply an operation that slides a window as if the window had holes.

    Args:
        input: Numbers[batch, spatial..., channels].
        dilation_rate: For each spatial dimension, the distance between a window's elements.
        padding: "SAME" or "VALID". Zeros that "SAME" puts there are elements like others.
        op: ``(input, number of spatial dimensions, padding) -> result``.
        filter_shape: Sizes of the window, which "SAME" needs.
        spatial_dims: Numbers of the spatial dimensions; all between batch and channels by default.
        data_format: With "NC...", channels come second.

    Returns:
        What `op` returns, with the elements back in their places.

    Raises:
        InvalidArgumentError: The arguments do not fit the input.

    Example:
        >>> pool = lambda x, rank, padding: max_pool(x, 2, 1, padding)
        >>> x = [[[1.0], [5.0], [2.0], [3.0]]]
        >>> with_space_to_batch(x, [2], "VALID", pool).numpy().tolist()
        [[[2.0], [5.0]]]
    """
    caller = "with_space_to_batch"
    x = convert_to_tensor(input)
    rates = static_integers(caller, "dilation_rate", dilation_rate)
    first = channels_come_first(caller, data_format, x.ndim - 2)
    known = list(range(2, x.ndim)) if first else list(range(1, x.ndim - 1))
    dims = known if spatial_dims is None else static_integers(caller, "spatial_dims", spatial_dims)
    if dims != known[: len(rates)] or len(dims) != len(rates) or min(rates, default=1) < 1:
        raise InvalidArgumentError(
            f"{caller}: dilation_rate must be positive numbers for the spatial dimensions {known} "
            f"of {x._type}, received {rates} for {dims}"
        )
    if all(rate == 1 for rate in rates):
        return op(x, len(rates), padding)
    if padding.upper() not in {"SAME", "VALID"}:
        raise InvalidArgumentError(
            f"{caller}: padding must be 'SAME' or 'VALID', received {padding!r}"
        )
    base = [[0, 0]] * len(rates)
    if padding.upper() == "SAME":
        if filter_shape is None:
            raise InvalidArgumentError(f"{caller}: padding 'SAME' needs filter_shape")
        kernel = static_integers(caller, "filter_shape", filter_shape)[: len(rates)]
        extra = [(k - 1) * rate for k, rate in zip(kernel, rates, strict=True)]
        base = [[n // 2, n - n // 2] for n in extra]
    moved = channels_last(x) if first else x
    sizes = moved.shape[1 : 1 + len(rates)]
    if None in sizes:
        raise InvalidArgumentError(f"{caller}: the spatial sizes of {x._type} must be known")
    paddings, crops = required_space_to_batch_paddings(list(sizes), rates, base)
    blocks = space_to_batch(moved, rates, paddings)
    result = op(channels_first(blocks) if first else blocks, len(rates), "VALID")
    joined = batch_to_space(channels_last(result) if first else result, rates, crops)
    return channels_first(joined) if first else joined


def pool(
    input: TensorLike, window_shape: Any, pooling_type: str, strides: Any = None,
    padding: Padding = "VALID", data_format: str | None = None, dilations: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the largest element or the mean of each window, which may have holes.

    Args:
        input: Numbers[batch, spatial..., channels].
        window_shape: Size of the window, one number per spatial dimension.
        pooling_type: "MAX" or "AVG".
        strides: Distance between windows; 1 by default.
        padding: "SAME" or "VALID"; with holes only the latter, since zeros would be elements.
        data_format: With "NC...", channels come second.
        dilations: Distance between a window's elements; 1 by default, and for strides above 1.
        name: Ignored.

    Raises:
        InvalidArgumentError: The arguments do not fit the input or each other.

    Example:
        >>> pool([[[1.0], [5.0], [2.0], [3.0]]], [2], "AVG", dilations=[2]).numpy().tolist()
        [[[1.5], [4.0]]]
    """
    x = convert_to_tensor(input)
    rank = x.ndim - 2
    kinds = {"MAX": max_pool, "AVG": avg_pool}
    if pooling_type not in kinds:
        raise InvalidArgumentError(
            f"pool: pooling_type must be 'MAX' or 'AVG', received {pooling_type!r}"
        )
    window = per_dimension("pool", "window_shape", window_shape, rank)
    steps = per_dimension("pool", "strides", 1 if strides is None else strides, rank)
    rates = per_dimension("pool", "dilations", 1 if dilations is None else dilations, rank)
    if max(steps) > 1 and max(rates) > 1:
        raise InvalidArgumentError(
            f"pool: strides {steps} and dilations {rates} cannot both be above 1"
        )
    if max(rates) > 1 and padding != "VALID":
        raise InvalidArgumentError(
            f"pool: windows with holes take padding 'VALID' only, received {padding!r}"
        )

    def apply(part: Tensor, _: int, pads: str) -> Tensor:
        return kinds[pooling_type](part, window, steps, pads, data_format)

    return with_space_to_batch(
        x, list(rates), padding, apply, list(window), data_format=data_format
    )
