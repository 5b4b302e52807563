"""Neural-network functions: activations, convolution, pooling, normalization, cross-entropy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import Dim
from freshet.core.tensor import Tensor
from freshet.ops import array as a
from freshet.ops import convolution as c
from freshet.ops import elementwise as e
from freshet.ops import math as m
from freshet.ops import pooling as p
from freshet.ops import random, shaping
from freshet.ops.checks import check_in_range
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_max, reduce_mean, reduce_sum

Padding = Any
"""``"SAME"``, ``"VALID"``, or one ``(before, after)`` per dimension of the input."""

# --- activations ----------------------------------------------------------------------------------

relu = m.relu
tanh = m.tanh
sigmoid = m.sigmoid
softplus = m.softplus


def relu6(features: TensorLike, name: str | None = None) -> Tensor:
    """Return ``min(max(x, 0), 6)``."""
    return m.minimum(m.relu(features), 6.0)


def leaky_relu(features: TensorLike, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """Return x where it is positive, else ``alpha * x``."""
    x = convert_to_tensor(features)
    return m.where(x > 0.0, x, x * alpha)


def elu(features: TensorLike, name: str | None = None) -> Tensor:
    """Return x where it is positive, else ``exp(x) - 1``."""
    x = convert_to_tensor(features)
    return m.where(x > 0.0, x, m.expm1(m.minimum(x, 0.0)))


def softsign(features: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x / (1 + |x|)``."""
    x = convert_to_tensor(features)
    return x / (m.abs(x) + 1.0)


def crelu(features: TensorLike, axis: int = -1, name: str | None = None) -> Tensor:
    """Return the positive part of ``x`` and that of ``-x``, one after the other along an axis.

    Source: Shang et al. 2016, arXiv:1603.05201, eq. 2.
    """
    x = convert_to_tensor(features)
    return m.relu(shaping.concat([x, -x], axis))


def selu(features: TensorLike, name: str | None = None) -> Tensor:
    """Return the scaled `elu` whose fixed point has mean 0 and variance 1.

    Source: Klambauer et al. 2017, arXiv:1706.02515, eq. 2 and 14.
    """
    x = convert_to_tensor(features)
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return m.where(x > 0.0, x, m.expm1(m.minimum(x, 0.0)) * alpha) * scale


def silu(features: TensorLike, beta: float = 1.0) -> Tensor:
    """Return ``x * sigmoid(beta * x)``, also called swish."""
    x = convert_to_tensor(features)
    return x * m.sigmoid(x * beta)


def gelu(features: TensorLike, approximate: bool = False, name: str | None = None) -> Tensor:
    """Return ``x * P(X <= x)`` for a standard normal X.

    Args:
        features: Floating-point numbers.
        approximate: Use the tanh formula instead of erf.
        name: Ignored.

    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
    """
    x = convert_to_tensor(features)
    if approximate:
        inner = (x + x * x * x * 0.044715) * 0.7978845608028654
        return x * 0.5 * (m.tanh(inner) + 1.0)
    return x * 0.5 * (m.erf(x * 0.7071067811865476) + 1.0)


def softmax(logits: TensorLike, axis: Any = -1, name: str | None = None) -> Tensor:
    """Return ``exp(x) / sum(exp(x))`` along an axis or several."""
    x = convert_to_tensor(logits)
    shifted = m.exp(x - m.stop_gradient(reduce_max(x, axis, keepdims=True)))
    return shifted / reduce_sum(shifted, axis, keepdims=True)


def log_softmax(logits: TensorLike, axis: int = -1, name: str | None = None) -> Tensor:
    """Return the logarithm of `softmax`, exact also where that underflows."""
    x = convert_to_tensor(logits)
    shifted = x - m.stop_gradient(reduce_max(x, axis, keepdims=True))
    return shifted - m.log(reduce_sum(m.exp(shifted), axis, keepdims=True))


# --- cross-entropy --------------------------------------------------------------------------------


def softmax_cross_entropy_with_logits(
    labels: TensorLike, logits: TensorLike, axis: int = -1, name: str | None = None
) -> Tensor:
    """Return ``-sum(labels * log_softmax(logits))`` along an axis.

    Args:
        labels: Probabilities, of the shape of `logits`.
        logits: Unnormalised log probabilities.
        axis: The dimension of the classes.
        name: Ignored.
    """
    want, x = binary_operands("softmax_cross_entropy_with_logits", labels, logits)
    return -reduce_sum(want * log_softmax(x, axis), axis)


def sparse_softmax_cross_entropy_with_logits(
    labels: TensorLike, logits: TensorLike, name: str | None = None
) -> Tensor:
    """Return ``-log_softmax(logits)[label]`` for each label.

    Args:
        labels: int[...], class numbers.
        logits: float[..., classes].
        name: Ignored.

    Raises:
        InvalidArgumentError: The shapes do not fit, or a label is outside ``[0, classes)``; inside
            a traced function this is raised when the function runs, before it changes a variable.

    Example:
        >>> float(sparse_softmax_cross_entropy_with_logits([1], [[0.0, 0.0]])[0]).__round__(4)
        0.6931
    """
    label, x = convert_to_tensor(labels), convert_to_tensor(logits)
    caller = "sparse_softmax_cross_entropy_with_logits"
    if not label.dtype.is_integer:
        raise InvalidArgumentError(f"{caller}: labels must be integers, received {label._type}")
    if not x.shape[:-1].is_compatible_with(label.shape):
        raise InvalidArgumentError(
            f"{caller}: labels must have the shape of logits without its last dimension, "
            f"received labels {label._type} and logits {x._type}"
        )
    classes = x.shape[-1]
    if classes is None:
        raise InvalidArgumentError(f"{caller}: the number of classes of {x._type} is not known")
    label = check_in_range(caller, "label", label, 0, classes)
    shifted = x - m.stop_gradient(reduce_max(x, -1, keepdims=True))
    hit = m.equal(a.expand_dims_p(label, axes=(label.ndim,)), _class_numbers(label, classes))
    chosen = reduce_sum(m.where(hit, shifted, e.zeros_of(shifted)), -1)
    return m.log(reduce_sum(m.exp(shifted), -1)) - chosen


def _class_numbers(label: Tensor, classes: int) -> Tensor:
    steps = a.iota_p(size=classes, dtype=label.dtype)
    return a.expand_dims_p(steps, axes=tuple(range(label.ndim))) if label.ndim else steps


def sigmoid_cross_entropy_with_logits(
    labels: TensorLike, logits: TensorLike, name: str | None = None
) -> Tensor:
    """Return ``-z*log(sigmoid(x)) - (1-z)*log(1-sigmoid(x))``, computed as softplus(x) - x*z."""
    z, x = binary_operands("sigmoid_cross_entropy_with_logits", labels, logits)
    return m.softplus(x) - x * z


def l2_loss(t: TensorLike, name: str | None = None) -> Tensor:
    """Return ``sum(t**2) / 2``."""
    return reduce_sum(m.square(t)) * 0.5


# --- convolution ----------------------------------------------------------------------------------


def _ints(name: str, argument: str, value: Any, rank: int) -> tuple[int, ...]:
    """Return one number per spatial dimension, from one, `rank` or `rank + 2` of them."""
    items = [int(v) for v in value] if isinstance(value, (list, tuple)) else [int(value)] * rank
    if len(items) == rank + 2:
        if items[0] != 1 or items[-1] != 1:
            raise InvalidArgumentError(
                f"{name}: {argument} must be 1 for batch and channels, received {value}"
            )
        items = items[1:-1]
    if len(items) == 1:
        items *= rank
    if len(items) != rank or min(items) < 1:
        raise InvalidArgumentError(
            f"{name}: {argument} must be 1, {rank} or {rank + 2} positive numbers, received {value}"
        )
    return tuple(items)


def explicit_padding(
    padding: Padding, sizes: Sequence[Dim], kernel: Sequence[int], strides: Sequence[int],
    dilations: Sequence[int],
) -> tuple[tuple[int, int], ...]:  # fmt: skip
    """Return padding as pairs of numbers.

    "SAME" pads so that there are ``ceil(size / stride)`` windows, the odd element after.
    """
    if not isinstance(padding, str):
        pairs = [tuple(int(n) for n in pair) for pair in padding]
        if len(pairs) == len(sizes) + 2:
            pairs = pairs[1:-1]
        return tuple((pair[0], pair[1]) for pair in pairs)
    if padding.upper() == "VALID":
        return ((0, 0),) * len(sizes)
    if padding.upper() != "SAME":
        raise InvalidArgumentError(
            f"padding must be 'SAME', 'VALID' or pairs of numbers, received {padding!r}"
        )
    pairs = []
    for size, k, s, d in zip(sizes, kernel, strides, dilations, strict=True):
        if size is None:
            # With stride 1 the size does not matter; otherwise it decides.
            if s != 1:
                raise InvalidArgumentError(
                    "padding 'SAME' with a stride needs spatial sizes that are known"
                )
            total = d * (k - 1)
        else:
            total = max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)
        pairs.append((total // 2, total - total // 2))
    return tuple((pair[0], pair[1]) for pair in pairs)


def convolution(
    input: TensorLike, filters: TensorLike, strides: Any = 1, padding: Padding = "VALID",
    data_format: str | None = None, dilations: Any = 1, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Convolve over all spatial dimensions.

    ``y[n, i, f] = sum over k, c of  x[n, stride*i + dilation*k - pad, c] * w[k, c, f]``

    Args:
        input: float[batch, spatial..., channels]; with a `data_format` that starts with "NC", the
            channels come second.
        filters: float[kernel..., channels, output channels]. Fewer channels than the input has, a
            divisor of them, make a grouped convolution.
        strides: Distance between windows, one or one per dimension.
        padding: "SAME", "VALID" or pairs of numbers.
        data_format: "NHWC" (or "NWC", "NDHWC") or "NCHW".
        dilations: Distance between a window's elements.
        name: Ignored.

    Raises:
        InvalidArgumentError: The shapes do not fit.
    """
    x, w = binary_operands("convolution", input, filters)
    rank = w.ndim - 2
    if rank < 1 or x.ndim != rank + 2:
        raise InvalidArgumentError(
            f"convolution: a filter of rank {w.ndim} needs an input of rank {w.ndim}, received "
            f"input {x._type} and filter {w._type}"
        )
    channels_first = bool(data_format) and str(data_format).startswith("NC")
    if channels_first:
        x = _channels_last(x)
    steps = _ints("convolution", "strides", strides, rank)
    gaps = _ints("convolution", "dilations", dilations, rank)
    if None in w.shape:
        raise InvalidArgumentError(f"convolution: the shape of the filter {w._type} is not known")
    kernel = tuple(int(k) for k in w.shape[:rank] if k is not None)
    pads = explicit_padding(padding, x.shape[1:-1], kernel, steps, gaps)
    params = {"strides": steps, "padding": pads, "dilations": gaps}
    groups = _groups(x, w)
    if groups == 1:
        y = c.convolution_p(x, w, grouped=False, **params)
    else:
        y = _grouped(x, w, groups, params)
    return _channels_first(y) if channels_first else y


def _groups(x: Tensor, w: Tensor) -> int:
    channels, per_group, outputs = x.shape[-1], w.shape[-2], w.shape[-1]
    if channels is None or channels == per_group:
        return 1
    fits = per_group and channels % per_group == 0 and (outputs or 0) % (channels // per_group) == 0
    if not fits:
        raise InvalidArgumentError(
            f"convolution: the input {x._type} has {channels} channels, the filter {w._type} takes "
            f"{per_group}; they must be equal (or divide both channels, for groups)"
        )
    return channels // (per_group or 1)


def _grouped(x: Tensor, w: Tensor, groups: int, params: dict[str, Any]) -> Tensor:
    split = [*(-1 if s is None else s for s in x.shape[:-1]), groups, w.shape[-2]]
    per_group = (w.shape[-1] or 0) // groups
    kernel = shaping.reshape(w, [*w.shape[:-1], groups, per_group])
    y = c.convolution_p(shaping.reshape(x, split), kernel, grouped=True, **params)
    return shaping.reshape(y, [*(-1 if s is None else s for s in y.shape[:-2]), w.shape[-1]])


def bias_add(
    value: TensorLike, bias: TensorLike, data_format: str | None = None, name: str | None = None
) -> Tensor:
    """Add a vector to the channels: the last dimension, or the second with "NC..."."""
    x, b = binary_operands("bias_add", value, bias)
    if data_format and data_format.startswith("NC"):
        b = a.expand_dims_p(b, axes=tuple(range(1, x.ndim - 1)))
    return m.add(x, b)


def _channels_last(x: Tensor) -> Tensor:
    return shaping.transpose(x, [0, *range(2, x.ndim), 1])


def _channels_first(x: Tensor) -> Tensor:
    return shaping.transpose(x, [0, x.ndim - 1, *range(1, x.ndim - 1)])


# --- pooling --------------------------------------------------------------------------------------


def _pool_params(
    name: str, x: Tensor, ksize: Any, strides: Any, padding: Padding
) -> dict[str, tuple[Any, ...]]:
    rank = x.ndim - 2
    window = _ints(name, "ksize", ksize, rank)
    steps = _ints(name, "strides", strides, rank)
    pads = explicit_padding(padding, x.shape[1:-1], window, steps, (1,) * rank)
    return {"window": window, "strides": steps, "padding": pads}


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
    """
    x = convert_to_tensor(input)
    first = bool(data_format) and str(data_format).startswith("NC")
    x = _channels_last(x) if first else x
    y = p.max_pool_p(x, **_pool_params("max_pool", x, ksize, strides, padding))
    return _channels_first(y) if first else y


def avg_pool(
    input: TensorLike, ksize: Any, strides: Any, padding: Padding, data_format: str | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the mean of each window's elements, without those that padding adds.

    Arguments as for `max_pool`.
    """
    x = convert_to_tensor(input)
    first = bool(data_format) and str(data_format).startswith("NC")
    x = _channels_last(x) if first else x
    params = _pool_params("avg_pool", x, ksize, strides, padding)
    y = p.sum_pool_p(x, **params) / _counts(x, params)
    return _channels_first(y) if first else y


def _counts(x: Tensor, params: dict[str, tuple[Any, ...]]) -> Any:
    """Return how many elements of the input each window has."""
    if not any(n for pair in params["padding"] for n in pair):
        return float(np.prod(params["window"]))
    spatial = x.shape[1:-1]
    if None in spatial:
        raise InvalidArgumentError(
            f"avg_pool: padding needs spatial sizes that are known, received {x._type}"
        )
    ones = np.ones((1, *(int(s) for s in spatial if s is not None), 1), np.float64)
    counts = p.sum_pool_p.reference(ones, **params)
    return Tensor._of_array(counts.astype(x.dtype.as_numpy_dtype), x.dtype)


# --- normalization and noise ----------------------------------------------------------------------


def moments(
    x: TensorLike, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Return the mean and the variance (divided by n) along axes."""
    tensor = convert_to_tensor(x)
    mean = reduce_mean(tensor, axes, keepdims=True)
    variance = reduce_mean(m.squared_difference(tensor, m.stop_gradient(mean)), axes, keepdims=True)
    if keepdims:
        return mean, variance
    drop = a.axes_of("moments", tensor, axes)
    return a.squeeze_p(mean, axes=drop), a.squeeze_p(variance, axes=drop)


def batch_normalization(
    x: TensorLike, mean: TensorLike, variance: TensorLike, offset: TensorLike | None,
    scale: TensorLike | None, variance_epsilon: float, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return ``(x - mean) / sqrt(variance + epsilon) * scale + offset``.

    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1.
    """
    factor = m.rsqrt(convert_to_tensor(variance) + variance_epsilon)
    if scale is not None:
        factor = factor * scale
    y: Tensor = (convert_to_tensor(x) - mean) * factor
    return y if offset is None else y + offset


def l2_normalize(
    x: TensorLike, axis: Any = None, epsilon: float = 1e-12, name: str | None = None
) -> Tensor:
    """Return ``x / sqrt(max(sum(x**2), epsilon))`` along axes."""
    tensor = convert_to_tensor(x)
    total = reduce_sum(m.square(tensor), axis, keepdims=True)
    return tensor * m.rsqrt(m.maximum(total, epsilon))


def dropout(
    x: TensorLike, rate: float, noise_shape: Any = None, seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Set elements to 0 with probability `rate` and divide the others by ``1 - rate``.

    Args:
        x: Floating-point numbers.
        rate: In ``[0, 1)``.
        noise_shape: Shape of the choices, which broadcast to that of `x`; by default one each.
        seed: Of this operation, beside the global one.
        name: Ignored.

    Source: Srivastava et al., JMLR 15, 2014.
    """
    tensor = convert_to_tensor(x)
    if not 0 <= rate < 1:
        raise InvalidArgumentError(f"dropout: rate must be in [0, 1), received {rate}")
    if rate == 0:
        return tensor
    return drop_elements(tensor, rate, noise_shape, random._key(seed))


def drop_elements(x: Tensor, rate: float, noise_shape: Any, key: Tensor) -> Tensor:
    """Apply dropout with the choices of a key."""
    keep = keep_elements(x, rate, noise_shape, key)
    return m.where(keep, x * (1.0 / (1.0 - rate)), e.zeros_of(x))


def keep_elements(x: Tensor, rate: float, noise_shape: Any, key: Tensor) -> Tensor:
    """Return which elements dropout keeps with the choices of a key."""
    shape: Any = shaping.shape(x) if None in x.shape else tuple(x.shape)
    if noise_shape is not None:
        known = shaping.sizes(x)
        shape = [known[d] if n is None else n for d, n in enumerate(noise_shape)]
    bits = random.random_bits(key, shape)
    # Compare the raw bits with a threshold: one comparison, no conversion to float.
    threshold = np.asarray(min(int(rate * 2.0**32), 2**32 - 1), np.uint32)
    return m.greater_equal(bits, Tensor._of_array(threshold, dtypes.uint32))
