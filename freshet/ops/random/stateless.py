"""Random numbers that are a function of a seed: the ``stateless_`` functions of ``ft.random``."""

from __future__ import annotations

from typing import Any

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.random.distributions import (
    class_numbers,
    normal_numbers,
    truncated_normal_numbers,
    uniform_numbers,
)
from freshet.ops.random.keys import stateless_key
from freshet.ops.random.rejection import (
    between_numbers,
    binomial_numbers,
    gamma_numbers,
    poisson_p,
)
from freshet.ops.shaping import broadcast_to


def stateless_uniform(
    shape: Any, seed: TensorLike, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32,
    name: str | None = None, alg: Any = "auto_select",
) -> Tensor:  # fmt: skip
    """Return the evenly distributed numbers of a seed.

    Args:
        shape: Of the result.
        seed: Two integers; the same ones give the same numbers.
        minval: The least number; broadcasts to `shape`.
        maxval: The end, which is never reached; 1 by default. Integers need one, or None for both,
            which gives every value of their dtype.
        dtype: A floating-point dtype or an integer one.
        name: Ignored.
        alg: Ignored: all random numbers are Philox's.

    Raises:
        InvalidArgumentError: Integers without a `maxval`, none between the two, or another seed.

    Example:
        >>> one, two = (float(stateless_uniform([], [1, 2])) for _ in range(2))
        >>> one == two
        True
    """
    return uniform_numbers(stateless_key(seed), shape, minval, maxval, dtype)


def stateless_normal(
    shape: Any, seed: TensorLike, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
    name: str | None = None, alg: Any = "auto_select",
) -> Tensor:  # fmt: skip
    """Return the normally distributed numbers of a seed: two integers, no state.

    Example:
        >>> stateless_normal([2], [1, 2], mean=7.0, stddev=0.0).numpy().tolist()
        [7.0, 7.0]
    """
    return normal_numbers(stateless_key(seed), shape, mean, stddev, dtype)


def stateless_truncated_normal(
    shape: Any, seed: TensorLike, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
    name: str | None = None, alg: Any = "auto_select",
) -> Tensor:  # fmt: skip
    """Return the normal numbers of a seed, none farther than two deviations from the mean.

    Example:
        >>> bool((stateless_truncated_normal([100], [1, 2]).numpy() <= 2).all())
        True
    """
    return truncated_normal_numbers(stateless_key(seed), shape, mean, stddev, dtype)


def stateless_parameterized_truncated_normal(
    shape: Any, seed: TensorLike, means: Any = 0.0, stddevs: Any = 1.0, minvals: Any = -2.0,
    maxvals: Any = 2.0, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the normally distributed numbers of a seed that lie between bounds.

    Args:
        shape: Of the result.
        seed: Two integers.
        means: Means before the bounds; broadcast to `shape`, as the following do.
        stddevs: Standard deviations before the bounds, above 0.
        minvals: The least numbers.
        maxvals: The largest numbers.
        name: Ignored.

    Returns:
        A tensor of the parameters' dtype; NaN where no number is between the bounds.

    Example:
        >>> x = stateless_parameterized_truncated_normal([100], [1, 2], 0.0, 1.0, 3.0, 4.0).numpy()
        >>> bool(((3 <= x) & (x <= 4)).all())
        True
    """
    return between_numbers(stateless_key(seed), shape, [means, stddevs, minvals, maxvals])


def stateless_gamma(
    shape: Any, seed: TensorLike, alpha: TensorLike, beta: TensorLike | None = None,
    dtype: Any = dtypes.float32, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return numbers of a seed with density proportional to ``x**(alpha-1) * exp(-beta*x)``.

    Args:
        shape: Of the result; what `alpha` and `beta` broadcast to.
        seed: Two integers.
        alpha: Shape of the distribution, above 0.
        beta: Inverse of its scale, above 0; 1 by default.
        dtype: A floating-point dtype.
        name: Ignored.

    Returns:
        A tensor of `shape`. Gradients flow to both parameters.

    Example:
        >>> stateless_gamma([10, 2], [1, 2], [0.5, 1.5]).shape
        TensorShape([10, 2])
    """
    kind = as_dtype(dtype)
    if not kind.is_floating:
        raise DTypeError(f"stateless_gamma: dtype must be floating-point, received {kind.name}")
    a = broadcast_to(convert_to_tensor(alpha, dtype=kind), shape)
    b = None if beta is None else convert_to_tensor(beta, dtype=kind)
    return gamma_numbers(stateless_key(seed), a, b)


def stateless_poisson(
    shape: Any, seed: TensorLike, lam: TensorLike, dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return counts k of a seed that have probability ``lam**k * exp(-lam) / k!``.

    Args:
        shape: Of the result; what `lam` broadcasts to.
        seed: Two integers.
        lam: The rates, not below 0.
        dtype: Of the result, floating-point or integer.
        name: Ignored.

    Example:
        >>> stateless_poisson([3], [1, 2], 0.0).numpy().tolist()
        [0, 0, 0]
    """
    rate = broadcast_to(m.cast(convert_to_tensor(lam), dtypes.float64), shape)
    return poisson_p(stateless_key(seed), rate, dtype=as_dtype(dtype))


def stateless_binomial(
    shape: Any, seed: TensorLike, counts: TensorLike, probs: TensorLike,
    output_dtype: Any = dtypes.int32, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return, of a seed, how many of `counts` trials succeed, each with probability `probs`.

    Args:
        shape: Of the result; what the parameters broadcast to.
        seed: Two integers.
        counts: How many trials there are, not below 0.
        probs: In ``[0, 1]``.
        output_dtype: Of the result, floating-point or integer.
        name: Ignored.

    Example:
        >>> stateless_binomial([2], [1, 2], 10.0, [0.0, 1.0]).numpy().tolist()
        [0, 10]
    """
    return binomial_numbers(stateless_key(seed), shape, counts, probs, output_dtype)


def stateless_categorical(
    logits: TensorLike, num_samples: Any, seed: TensorLike, dtype: Any = dtypes.int64,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return a seed's samples of each row's classes, of probabilities ``softmax(logits)``.

    Args:
        logits: float[batch, classes], unnormalised log probabilities.
        num_samples: How many to draw for each row.
        seed: Two integers.
        dtype: int32 or int64.
        name: Ignored.

    Returns:
        Integers[batch, num_samples] in ``[0, classes)``.

    Example:
        >>> stateless_categorical([[-1e9, 0.0]], 3, [1, 2]).numpy().tolist()
        [[1, 1, 1]]
    """
    return class_numbers(stateless_key(seed), logits, num_samples, dtype)
