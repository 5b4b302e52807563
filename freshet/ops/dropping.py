"""Dropout: elements set to 0 at random, the others scaled up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import elementwise as e
from freshet.ops import math as m
from freshet.ops import random, shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.math import TensorLike
from freshet.ops.sizes import sizes as known_sizes


@dispatched
def dropout(
    x: TensorLike, rate: Any, noise_shape: Any = None, seed: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Set elements to 0 with probability `rate` and divide the others by ``1 - rate``.

    Args:
        x: Floating-point numbers.
        rate: In ``[0, 1)``; a number or a scalar tensor.
        noise_shape: Shape of the choices, which broadcast to that of `x`; by default one each.
        seed: Of this operation, beside the global one.
        name: Ignored.

    Raises:
        InvalidArgumentError: The rate is outside ``[0, 1)``, or `x` is not floating-point.

    Example:
        >>> sorted(set(dropout([1.0] * 100, 0.5).numpy().tolist()))
        [0.0, 2.0]

    Source: Srivastava et al., JMLR 15, 2014.
    """
    tensor, share = _checked("dropout", x, rate)
    if isinstance(share, float) and share == 0:
        return tensor
    return drop_elements(tensor, share, noise_shape, random._key(seed))


def stateless_dropout(
    x: TensorLike, rate: Any, seed: TensorLike, rng_alg: Any = None, noise_shape: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return `dropout` whose choices are a function of a seed.

    Args:
        x: Floating-point numbers.
        rate: In ``[0, 1)``; a number or a scalar tensor.
        seed: Two integers.
        rng_alg: Ignored: all random numbers are Philox's.
        noise_shape: Shape of the choices, which broadcast to that of `x`; by default one each.
        name: Ignored.

    Raises:
        InvalidArgumentError: The rate is outside ``[0, 1)``, or `x` is not floating-point.

    Example:
        >>> one, two = (stateless_dropout([1.0] * 8, 0.5, [1, 2]).numpy() for _ in range(2))
        >>> bool((one == two).all())
        True
    """
    tensor, share = _checked("stateless_dropout", x, rate)
    if isinstance(share, float) and share == 0:
        return tensor
    return drop_elements(tensor, share, noise_shape, random._stateless_key(seed))


def general_dropout(
    x: TensorLike, rate: Any, uniform_sampler: Callable[..., Tensor], noise_shape: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return `dropout` whose choices come from a function.

    Args:
        x: Floating-point numbers.
        rate: In ``[0, 1)``; a number or a scalar tensor.
        uniform_sampler: ``(shape=, dtype=) -> tensor`` of numbers in ``[0, 1)``; an element is kept
            where the number is `rate` or more.
        noise_shape: Shape of the choices, which broadcast to that of `x`; by default one each.
        name: Ignored.

    Raises:
        InvalidArgumentError: The rate is outside ``[0, 1)``, or `x` is not floating-point.

    Example:
        >>> general_dropout([1.0, 2.0], 0.5, lambda shape, dtype: [0.1, 0.9]).numpy().tolist()
        [0.0, 4.0]
    """
    tensor, share = _checked("general_dropout", x, rate)
    if isinstance(share, float) and share == 0:
        return tensor
    drawn = uniform_sampler(shape=_noise_sizes(tensor, noise_shape), dtype=tensor.dtype)
    keep = m.greater_equal(drawn, share)
    return _scaled(tensor, keep, share)


def _checked(name: str, x: TensorLike, rate: Any) -> tuple[Tensor, float | Tensor]:
    tensor = convert_to_tensor(x)
    if not tensor.dtype.is_floating:
        raise DTypeError(f"{name}: x must be floating-point, received {tensor._type}")
    if isinstance(rate, (Tensor, Variable)):
        share = convert_to_tensor(rate)
        if share.ndim:
            raise InvalidArgumentError(f"{name}: rate must be one number, received {share._type}")
        if share._array is None:
            return tensor, m.cast(share, tensor.dtype)
        rate = float(share)
    if not 0 <= rate < 1:
        raise InvalidArgumentError(f"{name}: rate must be in [0, 1), received {rate}")
    return tensor, float(rate)


def drop_elements(x: Tensor, rate: float | Tensor, noise_shape: Any, key: Tensor) -> Tensor:
    """Apply dropout with the choices of a key."""
    return _scaled(x, keep_elements(x, rate, noise_shape, key), rate)


def _scaled(x: Tensor, keep: Tensor, rate: float | Tensor) -> Tensor:
    return m.where(keep, x * (1.0 / (1.0 - rate)), e.zeros_of(x))


def keep_elements(x: Tensor, rate: float | Tensor, noise_shape: Any, key: Tensor) -> Tensor:
    """Return which elements dropout keeps with the choices of a key."""
    shape = _noise_sizes(x, noise_shape)
    if isinstance(rate, Tensor):
        return m.greater_equal(random._unit(key, shape, x.dtype), rate)
    bits = random.random_bits(key, shape)
    # Compare the raw bits with a threshold: one comparison, no conversion to float.
    threshold = np.asarray(min(int(rate * 2.0**32), 2**32 - 1), np.uint32)
    return m.greater_equal(bits, Tensor._of_array(threshold, dtypes.uint32))


def _noise_sizes(x: Tensor, noise_shape: Any) -> Any:
    """Return the shape of the choices; a size of None is that of the tensor."""
    if noise_shape is None:
        return shaping.shape(x) if None in x.shape else tuple(x.shape)
    if isinstance(noise_shape, (Tensor, Variable)):
        return noise_shape
    known = known_sizes(x)
    return [known[d] if n is None else n for d, n in enumerate(noise_shape)]
