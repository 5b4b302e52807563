"""Counting: how often numbers occur, how many elements are not zero, confusion of classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import elementwise as e
from freshet.ops import lookup, shaping
from freshet.ops import math as m
from freshet.ops.assertions import check
from freshet.ops.checks import check_in_range
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.gathering import scatter_nd
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.reduction import reduce_max, reduce_sum

_COUNTS = NoGradient("counts are whole numbers")

# --- bincount -------------------------------------------------------------------------------------


def _bincount_infer(
    values: TensorType, *weights: TensorType, least: int, most: int | None, binary: bool,
    rows: bool, dtype: DType,
) -> TensorType:  # fmt: skip
    if weights and weights[0].rank != values.rank:
        raise InvalidArgumentError(
            f"bincount: weights must have the shape of the values, received {weights[0]} for "
            f"{values}"
        )
    if rows and values.rank not in {1, 2}:
        raise InvalidArgumentError(
            f"bincount: axis=-1 counts in vectors and matrices, received {values}"
        )
    size = least if least == most else None
    lead = values.shape[:-1] if rows else ()
    return TensorType(dtype, (*lead, size))


def _bincount_reference(
    values: Array, *weights: Array, least: int, most: int | None, binary: bool, rows: bool,
    dtype: DType,
) -> Array:  # fmt: skip
    if values.size and values.min() < 0:
        raise InvalidArgumentError(
            f"bincount: the values must not be negative, the least is {values.min()}"
        )
    if weights and weights[0].shape != values.shape:
        raise InvalidArgumentError(
            f"bincount: weights must have the shape of the values, received "
            f"{weights[0].shape} for {values.shape}"
        )
    size = max(int(values.max(initial=-1)) + 1, least)
    size = size if most is None else min(size, most)
    lines = values.reshape(-1, values.shape[-1]) if rows else values.reshape(1, -1)
    count = np.zeros((lines.shape[0], size), dtype.as_numpy_dtype)
    inside = lines < size
    row = np.broadcast_to(np.arange(lines.shape[0])[:, None], lines.shape)[inside]
    if binary:
        count[row, lines[inside]] = 1
    else:
        added = weights[0].reshape(lines.shape)[inside] if weights else 1
        np.add.at(count, (row, lines[inside]), added)
    return count.reshape(*values.shape[:-1], size) if rows else count[0]


bincount_p: Primitive = Primitive(
    name="bincount", infer=_bincount_infer, reference=_bincount_reference, gradient=_COUNTS,
    lower=Host("the size of the result is data"),
)  # fmt: skip


@dispatched
def bincount(
    arr: TensorLike, weights: TensorLike = None, minlength: Any = None, maxlength: Any = None,
    dtype: Any = dtypes.int32, name: str | None = None, axis: int | None = None,
    binary_output: bool = False,
) -> Tensor:  # fmt: skip
    """Return how often each of 0, 1, 2, ... occurs.

    Args:
        arr: Whole numbers, not below 0.
        weights: What each element counts, of the shape of `arr`; 1 by default.
        minlength: The least size of the result.
        maxlength: The largest; numbers from there on are not counted.
        dtype: Dtype of the result; with weights, theirs.
        name: Ignored.
        axis: None or 0 to count everything together, -1 to count in each row of a matrix.
        binary_output: Return whether a number occurs, as 0 or 1.

    Returns:
        A tensor of size ``max(arr) + 1`` within those bounds, or a matrix with such rows.

    Raises:
        InvalidArgumentError: A number is below 0, or the weights have another shape.

    Example:
        >>> bincount([1, 1, 3]).numpy().tolist()
        [0, 2, 0, 1]
        >>> bincount([[0, 1], [1, 1]], axis=-1).numpy().tolist()
        [[1, 1], [0, 2]]
    """
    tensor = convert_to_tensor(arr)
    if axis not in {None, 0, -1}:
        raise InvalidArgumentError(f"bincount: axis must be None, 0 or -1, received {axis}")
    if not tensor.dtype.is_integer:
        tensor = m.cast(tensor, dtypes.int32)
    operands: tuple[Tensor, ...] = (tensor,)
    kind = as_dtype(dtype)
    if weights is not None:
        weight = convert_to_tensor(weights)
        operands, kind = (tensor, weight), weight.dtype
    least = 0 if minlength is None else _length("minlength", minlength)
    most = None if maxlength is None else _length("maxlength", maxlength)
    return bincount_p(
        *operands, least=least, most=most, binary=bool(binary_output), rows=axis == -1, dtype=kind
    )


def _length(argument: str, value: Any) -> int:
    found = int(convert_to_tensor(value).numpy())
    if found < 0:
        raise InvalidArgumentError(f"bincount: {argument} must not be negative, received {found}")
    return found


# --- zeros ----------------------------------------------------------------------------------------


def _nonzero(tensor: Tensor) -> Tensor:
    nothing = np.asarray(tensor.dtype.zero, tensor.dtype.as_numpy_dtype)
    return e.not_equal_p(tensor, Tensor._of_array(nothing, tensor.dtype))


@dispatched
def count_nonzero(
    input: TensorLike, axis: Any = None, keepdims: bool | None = None, dtype: Any = dtypes.int64,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return how many elements along axes are not 0, False or the empty string.

    Args:
        input: Any tensor.
        axis: A dimension, several, or None for all.
        keepdims: Keep reduced dimensions with size 1.
        dtype: Dtype of the result.
        name: Ignored.

    Example:
        >>> int(count_nonzero([1.0, 0.0, 2.0]))
        2
    """
    there = _nonzero(convert_to_tensor(input))
    return m.cast(reduce_sum(m.cast(there, dtypes.int64), axis, bool(keepdims)), dtype)


# --- confusion matrix -----------------------------------------------------------------------------


def confusion_matrix(
    labels: TensorLike, predictions: TensorLike, num_classes: Any = None,
    weights: TensorLike = None, dtype: Any = dtypes.int32, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return how often each class (row) was predicted as each class (column).

    Args:
        labels: int[n], the classes there are.
        predictions: int[n], the classes that were predicted; a last dimension of size 1 of
            either is taken away.
        num_classes: How many classes there are; one more than the largest number by default.
        weights: What each pair counts, of shape [n]; 1 by default.
        dtype: Dtype of the result.
        name: Ignored.

    Returns:
        A matrix of shape ``[num_classes, num_classes]``.

    Raises:
        InvalidArgumentError: A class is below 0 or not below `num_classes`.

    Example:
        >>> confusion_matrix([0, 1, 1], [0, 0, 1]).numpy().tolist()
        [[1, 0], [1, 1]]
    """
    name = "confusion_matrix"
    true, guess = _same_rank(convert_to_tensor(labels), convert_to_tensor(predictions))
    true, guess = m.cast(true, dtypes.int64), m.cast(guess, dtypes.int64)
    if num_classes is None:
        classes = m.maximum(reduce_max(true), reduce_max(guess)) + 1
    else:
        classes = m.cast(convert_to_tensor(num_classes), dtypes.int64)
    known = 2**62 if classes._array is None else int(classes.numpy())
    true = check_in_range(name, "label", true, 0, known)
    guess = check_in_range(name, "prediction", guess, 0, known)
    kind = as_dtype(dtype)
    if weights is None:
        weight = m.cast(m.equal(true, true), kind)
    else:
        weight = m.cast(convert_to_tensor(weights), kind)
    shape = [known, known] if classes._array is not None else shaping.stack([classes, classes])
    return scatter_nd(shaping.stack([true, guess], axis=1), weight, shape)


def _same_rank(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Take away a last dimension of size 1 that one of both has more."""
    for tensor in (x, y):
        if tensor.dtype.is_bool or not tensor.dtype.is_numeric:
            raise DTypeError(f"confusion_matrix: expected class numbers, received {tensor._type}")
    if x.ndim == y.ndim + 1:
        x = shaping.squeeze(x, -1)
    elif y.ndim == x.ndim + 1:
        y = shaping.squeeze(y, -1)
    if x.ndim != 1 or y.ndim != 1 or not x.shape.is_compatible_with(y.shape):
        raise InvalidArgumentError(
            "confusion_matrix: labels and predictions must be vectors of one size, received "
            f"{x._type} and {y._type}"
        )
    return x, y


# --- histograms -----------------------------------------------------------------------------------


def _histogram_arguments(
    name: str, values: TensorLike, value_range: TensorLike, nbins: Any
) -> tuple[Tensor, Tensor, Tensor, int]:
    tensor = convert_to_tensor(values)
    bounds = convert_to_tensor(value_range, dtype_hint=tensor.dtype)
    count = int(convert_to_tensor(nbins).numpy())
    if count < 1:
        raise InvalidArgumentError(f"{name}: nbins must be 1 or more, received {count}")
    if not bounds.shape.is_compatible_with((2,)) or bounds.dtype != tensor.dtype:
        raise InvalidArgumentError(
            f"{name}: value_range must be two numbers of the values' dtype, received "
            f"{bounds._type} for {tensor._type}"
        )
    if bounds._array is not None and not bounds._array[0] < bounds._array[1]:
        raise InvalidArgumentError(
            f"{name}: value_range must rise, received {bounds._array.tolist()}"
        )
    if tensor.dtype.is_floating:
        check(m.equal, [tensor, tensor], "x == y", f"{name}: a value is NaN", None)
    return tensor, bounds[0], bounds[1], count


@dispatched
def histogram_fixed_width_bins(
    values: TensorLike, value_range: TensorLike, nbins: Any = 100, dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the bin of each value, of bins of one width between two bounds.

    ``floor(nbins * (value - low) / (high - low))``; values outside fall into the first or last.

    Args:
        values: Real numbers.
        value_range: The two bounds, of the dtype of the values.
        nbins: How many bins there are.
        dtype: int32 or int64, the dtype of the result.
        name: Ignored.

    Returns:
        A tensor of the shape of `values`.

    Raises:
        InvalidArgumentError: There is no bin, a value is NaN, or the bounds do not rise.

    Example:
        >>> histogram_fixed_width_bins([-1.0, 0.5, 9.0], [0.0, 1.0], nbins=4).numpy().tolist()
        [0, 2, 3]
    """
    own = "histogram_fixed_width_bins"
    tensor, low, high, count = _histogram_arguments(own, values, value_range, nbins)
    scaled = m.divide(tensor - low, high - low)
    places = m.floor(scaled * float(count))
    return m.cast(m.clip_by_value(places, 0.0, float(count - 1)), dtype)


@dispatched
def histogram_fixed_width(
    values: TensorLike, value_range: TensorLike, nbins: Any = 100, dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return how many values fall into each bin; arguments as `histogram_fixed_width_bins`.

    Returns:
        A vector of `nbins` counts.

    Example:
        >>> histogram_fixed_width([-1.0, 0.5, 9.0], [0.0, 1.0], nbins=4).numpy().tolist()
        [1, 0, 1, 1]
    """
    own = "histogram_fixed_width"
    tensor, low, high, count = _histogram_arguments(own, values, value_range, nbins)
    wide = dtypes.float64
    step = m.cast(high - low, wide) / float(count)
    places = m.floor(m.cast(m.maximum(tensor, low) - low, wide) / step)
    bins = shaping.reshape(m.cast(m.minimum(places, float(count - 1)), dtypes.int32), [-1])
    ones = m.cast(m.equal(bins, bins), as_dtype(dtype))
    return lookup.segment_p(ones, bins, op="sum", count=count)
