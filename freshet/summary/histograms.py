"""Histogram summaries: how the elements of a tensor are distributed."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core.errors import DTypeError
from freshet.core.tensor import Array
from freshet.ops.conversion import convert_to_tensor
from freshet.summary.state import reject_tracing
from freshet.summary.tensors import PluginMetadata, write
from freshet.summary.whole_number import whole_number

_PLUGIN: Final = "histograms"
_BUCKETS: Final = 30


def histogram(
    name: str,
    data: Any,
    step: Any = None,
    buckets: int | None = None,
    description: str | None = None,
) -> bool:
    """Write a histogram of the elements of a tensor.

    The range of the elements is cut into buckets of one width; an element on the border of two
    belongs to the right one. With one value only, all elements are in the last bucket; with no
    elements, everything is 0.

    Args:
        name: What TensorBoard shows; summaries of one name make one series.
        data: Numbers or bools of any shape.
        step: Where it stands in the series: a whole number or a variable. That of
            `ft.summary.experimental.set_step` by default.
        buckets: How many; 30 by default. A negative number counts as 0.
        description: Markdown that TensorBoard shows beside the histogram.

    Returns:
        Whether it was written: False without a default writer, or if `ft.summary.record_if` says
        so.

    Raises:
        InvalidArgumentError: There is a default writer but no step.
        DTypeError: `data` holds strings, or `buckets` or the step is not a whole number.
        UnimplementedError: The call is inside a function that `ft.function` traces.

    Example:
        >>> histogram("weights", [0.0, 1.0, 1.0], step=1)  # there is no default writer
        False
    """
    reject_tracing("ft.summary.histogram")
    return write(
        name or "histogram_summary",
        lambda: _histogram(data, buckets),
        step,
        PluginMetadata(_PLUGIN, description),
    )


def _histogram(data: Any, buckets: int | None) -> Array:
    wanted = _BUCKETS if buckets is None else buckets
    count = max(0, whole_number("ft.summary.histogram", "buckets", wanted, least=-(2**63)))
    tensor = convert_to_tensor(data)
    if tensor.dtype.kind == "string":
        raise DTypeError(f"ft.summary.histogram: data must be numbers, received {tensor._type}")
    return bucket(tensor._value.reshape(-1).astype(np.float64), count)


def bucket(values: Array, count: int) -> Array:
    """Return a row ``[left edge, right edge, how many values]`` for each of `count` buckets.

    edge[i] = min + i * width,  width = (max - min) / count,  bucket of v = floor((v - min) / width)

    NaN is in no bucket, and makes NaN of the edges; so does a range that is infinite, apart from
    the outer edges.

    Args:
        values: float64[n].
        count: Number of buckets, at least 0.

    Returns:
        float64[count, 3]

    Example:
        >>> bucket(np.array([0.0, 1.0, 2.0, 4.0]), 2)
        array([[0., 2., 2.],
               [2., 4., 2.]])

    Source: TensorBoard's version 2 histogram summary (tensorboard/plugins/histogram/summary_v2.py).
    """
    if not count or not values.size:
        return np.zeros((count, 3))
    low, high = values.min(), values.max()
    if low == high:
        rows = np.full((count, 3), [low, high, 0.0])
        rows[-1, 2] = values.size
        return rows
    with np.errstate(all="ignore"):  # infinite ranges, and ranges whose width rounds to 0
        width = (high - low) / count
        inner = low + width * np.arange(1, count)
        position = np.floor((values - low) / width)
    edges = np.concatenate([[low], inner, [high]])
    found = position[~np.isnan(position)]
    # The largest value stands on the right edge of the last bucket, and belongs to it.
    counts = np.bincount(np.minimum(found, count - 1).astype(np.intp), minlength=count)
    return np.stack([edges[:-1], edges[1:], counts], axis=1)
