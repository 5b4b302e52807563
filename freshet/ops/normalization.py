"""Means and variances, and normalization by them."""

from __future__ import annotations

from typing import Any

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops import pooling_primitives as p
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_mean, reduce_sum
from freshet.ops.sizes import sizes as known_sizes
from freshet.ops.sizes import static_integers

# --- moments --------------------------------------------------------------------------------------


def moments(
    x: TensorLike, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Return the mean and the variance (divided by n) along axes.

    Args:
        x: Floating-point numbers; 16-bit ones are summed in float32.
        axes: A dimension or several.
        shift: Ignored: the mean is taken away before squares are summed.
        keepdims: Keep reduced dimensions with size 1.
        name: Ignored.

    Example:
        >>> mean, variance = moments([1.0, 3.0], [0])
        >>> float(mean), float(variance)
        (2.0, 1.0)
    """
    given = convert_to_tensor(x)
    tensor = m.cast(given, dtypes.float32) if given.dtype == dtypes.float16 else given
    along = _axes("moments", tensor, axes)
    mean = reduce_mean(tensor, along, keepdims=True)
    distances = m.squared_difference(tensor, m.stop_gradient(mean))
    variance = reduce_mean(distances, along, keepdims=True)
    if not keepdims:
        mean, variance = a.squeeze_p(mean, axes=along), a.squeeze_p(variance, axes=along)
    return m.cast(mean, given.dtype), m.cast(variance, given.dtype)


def _axes(name: str, x: Tensor, axes: Any) -> tuple[int, ...]:
    return tuple(sorted(a.axes_of(name, x, static_integers(name, "axes", axes))))


def weighted_moments(
    x: TensorLike, axes: Any, frequency_weights: TensorLike, keepdims: bool = False,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return the weighted mean and the weighted variance along axes; 0 where all weights are.

    ``mean = sum(w * x) / sum(w)``, ``variance = sum(w * (x - mean)**2) / sum(w)``

    Args:
        x: Floating-point numbers.
        axes: A dimension or several.
        frequency_weights: Not below 0; broadcast to the shape of `x`.
        keepdims: Keep reduced dimensions with size 1.
        name: Ignored.

    Example:
        >>> mean, variance = weighted_moments([1.0, 3.0], [0], [1.0, 3.0])
        >>> float(mean), float(variance)
        (2.5, 0.75)
    """
    given = convert_to_tensor(x)
    weights = convert_to_tensor(frequency_weights, dtype_hint=given.dtype)
    wide = dtypes.float32 if given.dtype == dtypes.float16 else given.dtype
    tensor, w = m.cast(given, wide), m.cast(weights, wide)
    along = _axes("weighted_moments", tensor, axes)
    spread = a.broadcast_like(w, m.add(w, tensor))
    total = reduce_sum(spread, along, keepdims=True)
    mean = m.divide_no_nan(reduce_sum(w * tensor, along, keepdims=True), total)
    distances = w * m.squared_difference(tensor, m.stop_gradient(mean))
    variance = m.divide_no_nan(reduce_sum(distances, along, keepdims=True), total)
    if not keepdims:
        mean, variance = a.squeeze_p(mean, axes=along), a.squeeze_p(variance, axes=along)
    return m.cast(mean, given.dtype), m.cast(variance, given.dtype)


def sufficient_statistics(
    x: TensorLike, axes: Any, shift: TensorLike | None = None, keepdims: bool = False,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:  # fmt: skip
    """Return what mean and variance can be computed from, summed over axes.

    Args:
        x: Floating-point numbers.
        axes: A dimension or several.
        shift: Taken away from `x` before; close to its mean, the sums are more exact.
        keepdims: Keep reduced dimensions with size 1.
        name: Ignored.

    Returns:
        How many numbers are summed, ``sum(x - shift)``, ``sum((x - shift)**2)``, and the shift.

    Example:
        >>> [float(t) for t in sufficient_statistics([1.0, 3.0], [0])[:3]]
        [2.0, 4.0, 10.0]
    """
    tensor = convert_to_tensor(x)
    along = _axes("sufficient_statistics", tensor, axes)
    known = known_sizes(tensor)
    count = convert_to_tensor(1, dtype=tensor.dtype)
    for axis in along:
        count = count * m.cast(known[axis], tensor.dtype)
    moved = None if shift is None else convert_to_tensor(shift, dtype_hint=tensor.dtype)
    distance = tensor if moved is None else m.subtract(tensor, moved)
    return (
        count, reduce_sum(distance, along, keepdims=keepdims),
        reduce_sum(m.square(distance), along, keepdims=keepdims), moved,
    )  # fmt: skip


def normalize_moments(
    counts: TensorLike, mean_ss: TensorLike, variance_ss: TensorLike, shift: TensorLike | None,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return mean and variance of what `sufficient_statistics` gives.

    Args:
        counts: How many numbers were summed.
        mean_ss: The sum of the numbers, less the shift.
        variance_ss: The sum of their squares.
        shift: What was taken away before, or None.
        name: Ignored.

    Example:
        >>> [float(t) for t in normalize_moments(2.0, 4.0, 10.0, None)]
        [2.0, 1.0]
    """
    share = m.reciprocal(counts)
    distance = m.multiply(mean_ss, share)
    variance = m.subtract(m.multiply(variance_ss, share), m.square(distance))
    return (distance if shift is None else m.add(distance, shift)), variance


# --- normalization --------------------------------------------------------------------------------


def batch_normalization(
    x: TensorLike, mean: TensorLike, variance: TensorLike, offset: TensorLike | None,
    scale: TensorLike | None, variance_epsilon: float, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return ``(x - mean) / sqrt(variance + epsilon) * scale + offset``.

    Args:
        x: Floating-point numbers.
        mean: Broadcasts to the shape of `x`, as all the following do.
        variance: Not below 0.
        offset: Added at the end; None for 0.
        scale: Factor; None for 1.
        variance_epsilon: Keeps the root away from 0.
        name: Ignored.

    Example:
        >>> batch_normalization([1.0, 3.0], 2.0, 4.0, None, None, 0.0).numpy().tolist()
        [-0.5, 0.5]

    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1.
    """
    factor = m.rsqrt(convert_to_tensor(variance) + variance_epsilon)
    if scale is not None:
        factor = factor * scale
    y: Tensor = (convert_to_tensor(x) - mean) * factor
    return y if offset is None else y + offset


def batch_norm_with_global_normalization(
    input: TensorLike, mean: TensorLike, variance: TensorLike, beta: TensorLike,
    gamma: TensorLike, variance_epsilon: float, scale_after_normalization: bool,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return `batch_normalization` of images whose statistics are per channel.

    Args:
        input: float[batch, height, width, channels].
        mean: float[channels], as are `variance`, `beta` and `gamma`.
        variance: Not below 0.
        beta: Added at the end.
        gamma: Factor.
        variance_epsilon: Keeps the root away from 0.
        scale_after_normalization: Whether `gamma` is used.
        name: Ignored.

    Example:
        >>> x = [[[[1.0]], [[3.0]]]]
        >>> batch_norm_with_global_normalization(x, [2.0], [4.0], [0.0], [10.0], 0.0, True).shape
        TensorShape([1, 2, 1, 1])
    """
    scale = gamma if scale_after_normalization else None
    return batch_normalization(input, mean, variance, beta, scale, variance_epsilon)


def l2_normalize(
    x: TensorLike, axis: Any = None, epsilon: float = 1e-12, name: str | None = None,
    dim: Any = None,
) -> Tensor:  # fmt: skip
    """Return ``x / sqrt(max(sum(|x|**2), epsilon))`` along axes.

    Args:
        x: Floating-point or complex numbers.
        axis: A dimension or several; all by default.
        epsilon: Keeps the root away from 0.
        name: Ignored.
        dim: Another name of `axis`.

    Example:
        >>> l2_normalize([3.0, 4.0]).numpy().round(3).tolist()
        [0.6000000238418579, 0.800000011920929]
    """
    tensor = convert_to_tensor(x)
    size = m.abs(tensor) if tensor.dtype.is_complex else tensor
    total = reduce_sum(m.square(size), dim if axis is None else axis, keepdims=True)
    return tensor * m.cast(m.rsqrt(m.maximum(total, epsilon)), tensor.dtype)


def local_response_normalization(
    input: TensorLike, depth_radius: int = 5, bias: float = 1, alpha: float = 1,
    beta: float = 0.5, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Divide each element by a power of the squares of its neighbours in depth.

    ``y[..., c] = x[..., c] / (bias + alpha * sum over d in [c-radius, c+radius] of  x[..., d]**2)
    ** beta``

    Args:
        input: float[batch, height, width, channels].
        depth_radius: How many channels on each side are neighbours.
        bias: Above 0, so that nothing is divided by 0.
        alpha: Weight of the squares.
        beta: The power.
        name: Ignored.

    Raises:
        InvalidArgumentError: The input has not rank 4, or the radius is below 0.

    Example:
        >>> local_response_normalization([[[[3.0, 4.0]]]], 0, 0.0).numpy().tolist()
        [[[[1.0, 1.0]]]]

    Source: Krizhevsky, Sutskever & Hinton 2012, "ImageNet classification with deep convolutional
    neural networks", section 3.3.
    """
    x = convert_to_tensor(input)
    caller = "local_response_normalization"
    if not x.dtype.is_floating:
        raise DTypeError(f"{caller}: expected floating-point numbers, received {x._type}")
    if x.ndim != 4:
        raise InvalidArgumentError(
            f"{caller}: expected [batch, height, width, channels], received {x._type}"
        )
    radius = int(depth_radius)
    if radius < 0:
        raise InvalidArgumentError(f"{caller}: depth_radius must be 0 or more, received {radius}")
    wide = m.cast(x, dtypes.float32) if x.dtype.bits == 16 else x
    squares = a.expand_dims_p(m.square(wide), axes=(4,))
    near = p.sum_pool_p(
        squares, window=(1, 1, 2 * radius + 1), strides=(1, 1, 1),
        padding=((0, 0), (0, 0), (radius, radius)),
    )  # fmt: skip
    norm = a.squeeze_p(near, axes=(4,)) * alpha + bias
    return m.cast(wide * m.pow(norm, -beta), x.dtype)


# --- shares ---------------------------------------------------------------------------------------


def zero_fraction(value: TensorLike, name: str | None = None) -> Tensor:
    """Return which share of the elements is 0, as float32; NaN of no elements.

    Example:
        >>> float(zero_fraction([0.0, 1.0, 2.0, 0.0]))
        0.5
    """
    x = convert_to_tensor(value)
    return reduce_mean(m.cast(m.equal(x, m.cast(0, x.dtype)), dtypes.float32))


def compute_average_loss(
    per_example_loss: TensorLike, sample_weight: TensorLike | None = None,
    global_batch_size: Any = None,
) -> Tensor:  # fmt: skip
    """Return the sum of examples' losses divided by the size of the whole batch.

    Args:
        per_example_loss: Losses, one or more per example.
        sample_weight: Weights of the examples, which broadcast to the losses.
        global_batch_size: Of all replicas together; the number of losses by default.

    Raises:
        InvalidArgumentError: The losses are one number.

    Example:
        >>> float(compute_average_loss([1.0, 2.0, 6.0], global_batch_size=2))
        4.5
    """
    loss = convert_to_tensor(per_example_loss)
    if not loss.ndim:
        raise InvalidArgumentError(
            "compute_average_loss: expected a loss per example, received one number; reduce it "
            "with ft.reduce_mean instead"
        )
    if sample_weight is not None:
        weight = convert_to_tensor(sample_weight, dtype_hint=loss.dtype)
        if weight.ndim < loss.ndim and weight.ndim:
            weight = a.expand_dims_p(weight, axes=tuple(range(weight.ndim, loss.ndim)))
        loss = loss * m.cast(weight, loss.dtype)
    size = known_sizes(loss)[0] if global_batch_size is None else global_batch_size
    return reduce_sum(loss) / m.cast(size, loss.dtype)


def scale_regularization_loss(regularization_loss: TensorLike) -> Tensor:
    """Return the sum of a regularization loss, so that summing over replicas counts it once.

    Example:
        >>> float(scale_regularization_loss([1.0, 2.0]))
        3.0
    """
    return reduce_sum(regularization_loss)
