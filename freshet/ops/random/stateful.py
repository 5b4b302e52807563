"""Random numbers that differ from call to call: ``ft.random``."""

from __future__ import annotations

from typing import Any

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops.array import broadcast_like
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.random.distributions import (
    class_numbers,
    normal_numbers,
    truncated_normal_numbers,
    uniform_numbers,
)
from freshet.ops.random.keys import operation_key
from freshet.ops.random.rejection import gamma_numbers, poisson_p
from freshet.ops.shaping import broadcast_to
from freshet.ops.sizes import sizes as known_sizes
from freshet.ops.sizes import static_integers


def uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32,
    seed: int | None = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return numbers evenly distributed in ``[minval, maxval)``.

    Args:
        shape: Of the result.
        minval: The least number; broadcasts to `shape`.
        maxval: The end, which is never reached; 1 by default, integers need one.
        dtype: A floating-point dtype or an integer one.
        seed: Of this operation, beside the global one.
        name: Ignored.

    Raises:
        InvalidArgumentError: Integers without a `maxval`, or none between the two.

    Example:
        >>> uniform([2], 3, 4, "int32").numpy().tolist()
        [3, 3]
    """
    return uniform_numbers(operation_key(seed), shape, minval, maxval, dtype)


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
    seed: int | None = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return normally distributed numbers.

    Args:
        shape: Of the result; what `mean` and `stddev` broadcast to.
        mean: Their mean.
        stddev: Their standard deviation.
        dtype: A floating-point dtype.
        seed: Of this operation, beside the global one.
        name: Ignored.

    Example:
        >>> normal([2], mean=7.0, stddev=0.0).numpy().tolist()
        [7.0, 7.0]
    """
    return normal_numbers(operation_key(seed), shape, mean, stddev, dtype)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
    seed: int | None = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return normally distributed numbers, none farther than two deviations from the mean.

    Arguments as for `normal`; `stddev` is that of the distribution before it is cut.

    Example:
        >>> bool((truncated_normal([100]).numpy() <= 2).all())
        True
    """
    return truncated_normal_numbers(operation_key(seed), shape, mean, stddev, dtype)


def gamma(
    shape: Any, alpha: TensorLike, beta: TensorLike | None = None, dtype: Any = dtypes.float32,
    seed: int | None = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return numbers with density proportional to ``x**(alpha-1) * exp(-beta*x)``.

    Args:
        shape: How many to draw for each pair of parameters.
        alpha: Shape of the distribution, above 0.
        beta: Inverse of its scale, above 0; 1 by default. Broadcasts with `alpha`.
        dtype: A floating-point dtype.
        seed: Of this operation, beside the global one.
        name: Ignored.

    Returns:
        A tensor of `shape` followed by the shape of the parameters. Gradients flow to both.

    Example:
        >>> gamma([10], [0.5, 1.5]).shape
        TensorShape([10, 2])
    """
    kind = as_dtype(dtype)
    a = convert_to_tensor(alpha, dtype=kind)
    b = None if beta is None else convert_to_tensor(beta, dtype=kind)
    if not kind.is_floating:
        raise DTypeError(f"gamma: dtype must be floating-point, received {kind.name}")
    if b is not None:
        a = broadcast_like(a, a + b)
    return gamma_numbers(operation_key(seed), broadcast_to(a, _over("gamma", shape, a)), b)


def _over(name: str, shape: Any, parameter: Tensor) -> list[Any]:
    """Return a shape followed by that of a parameter."""
    return [*static_integers(name, "shape", shape), *known_sizes(parameter)]


def poisson(
    shape: Any, lam: TensorLike, dtype: Any = dtypes.float32, seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return counts k that have probability ``lam**k * exp(-lam) / k!``.

    Args:
        shape: How many to draw for each rate.
        lam: The rates, not below 0.
        dtype: Of the result, floating-point or integer.
        seed: Of this operation, beside the global one.
        name: Ignored.

    Returns:
        A tensor of `shape` followed by the shape of `lam`.

    Example:
        >>> poisson([10], [0.5, 1.5]).shape
        TensorShape([10, 2])
    """
    rate = convert_to_tensor(lam)
    wide = m.cast(rate, dtypes.float64)
    spread = broadcast_to(wide, _over("poisson", shape, rate))
    return poisson_p(operation_key(seed), spread, dtype=as_dtype(dtype))


def categorical(
    logits: TensorLike, num_samples: Any, dtype: Any = None, seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return samples of each row's classes; class c has probability ``softmax(logits)[c]``.

    Args:
        logits: float[batch, classes], unnormalised log probabilities.
        num_samples: How many to draw for each row.
        dtype: int32 or int64, the default.
        seed: Of this operation, beside the global one.
        name: Ignored.

    Returns:
        Integers[batch, num_samples] in ``[0, classes)``.

    Raises:
        InvalidArgumentError: The logits are no matrix of floating-point numbers.

    Example:
        >>> categorical([[-1e9, 0.0]], 3).numpy().tolist()
        [[1, 1, 1]]
    """
    return class_numbers(operation_key(seed), logits, num_samples, dtype)
