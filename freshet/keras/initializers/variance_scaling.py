"""Initializers whose width depends on the number of inputs and outputs: `GlorotUniform`, ..."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.initializers.initializer import RandomInitializer, checked
from freshet.ops.random import stateless_normal, stateless_truncated_normal, stateless_uniform

_MODES: Final = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS: Final = ("truncated_normal", "untruncated_normal", "uniform")
_KEPT_DEVIATION: Final = 0.87962566103423978
"""Standard deviation of a standard normal distribution cut off at -2 and 2."""


class VarianceScaling(RandomInitializer):
    """Draw weights whose variance keeps that of the signal: ``var(w) = scale / n``.

    n = fan_in, fan_out, or their mean

    For a matrix [inputs, outputs] these are its sizes; for a convolution's kernel
    [..., inputs, outputs] they are multiplied by the number of positions.

    Args:
        scale: Dimensionless, above 0: 1 for linear units, 2 where half of the signal is cut off.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal" (also called "normal"), "untruncated_normal" or "uniform".
        seed: A whole number or a `SeedGenerator`; see `RandomInitializer`.
        input_axes: Dimensions that count as inputs; with `output_axes`, instead of the rule above.
        output_axes: Dimensions that count as outputs.

    Raises:
        InvalidArgumentError: `scale`, `mode` or `distribution` is none of these.

    Example:
        >>> values = VarianceScaling(2.0, "fan_in", "uniform", seed=1)((600, 10)).numpy()
        >>> bool(abs(values).max() <= 0.1)  # sqrt(3 * 2 / 600)
        True

    Source: He et al. 2015, arXiv:1502.01852, section 2.2. Differs: none.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        name = type(self).__name__
        distribution = distribution.lower()
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if not scale > 0:
            raise InvalidArgumentError(f"{name}: scale must be above 0, received {scale!r}")
        if mode not in _MODES:
            raise InvalidArgumentError(f"{name}: mode must be one of {_MODES}, received {mode!r}")
        if distribution not in _DISTRIBUTIONS:
            raise InvalidArgumentError(
                f"{name}: distribution must be one of {_DISTRIBUTIONS}, received {distribution!r}"
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = input_axes
        self.output_axes = output_axes

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Return the values."""
        sizes, _ = checked(type(self).__name__, shape, dtype)
        fan_in, fan_out = compute_fans(sizes, self.input_axes, self.output_axes)
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, fans[self.mode])
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return self._draw(stateless_uniform, sizes, dtype, -limit, limit)
        if self.distribution == "untruncated_normal":
            return self._draw(stateless_normal, sizes, dtype, 0.0, math.sqrt(variance))
        deviation = math.sqrt(variance) / _KEPT_DEVIATION
        return self._draw(stateless_truncated_normal, sizes, dtype, 0.0, deviation)


def compute_fans(
    shape: Sequence[int],
    input_axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
) -> tuple[int, int]:
    """Return how many inputs an output of a weight sums over, and the reverse.

    Example:
        >>> compute_fans((5, 5, 32, 64))
        (800, 1600)
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    positions = math.prod(shape[:-2])
    return shape[-2] * positions, shape[-1] * positions


class _FixedScaling(VarianceScaling):
    """`VarianceScaling` with its first three arguments fixed by the class."""

    rule: tuple[float, str, str]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.rule, seed, input_axes, output_axes)


class GlorotUniform(_FixedScaling):
    """Draw evenly from ``[-limit, limit)``; also called Xavier uniform.

    limit = sqrt(6 / (fan_in + fan_out))

    Args:
        seed: A whole number or a `SeedGenerator`; see `RandomInitializer`.
        input_axes: As for `VarianceScaling`.
        output_axes: As for `VarianceScaling`.

    Example:
        >>> values = GlorotUniform(seed=1)((300, 300)).numpy()
        >>> round(float(values.max()), 3)  # sqrt(6 / 600)
        0.1

    Source: Glorot & Bengio, AISTATS 2010, eq. 16. Differs: none.
    """

    rule = (1.0, "fan_avg", "uniform")


class GlorotNormal(_FixedScaling):
    """Draw from a truncated normal distribution; also called Xavier normal.

    stddev = sqrt(2 / (fan_in + fan_out))

    Args:
        seed: A whole number or a `SeedGenerator`; see `RandomInitializer`.
        input_axes: As for `VarianceScaling`.
        output_axes: As for `VarianceScaling`.

    Example:
        >>> values = GlorotNormal(seed=1)((200, 200)).numpy()
        >>> round(float(values.std()), 3)  # sqrt(2 / 400) = 0.0707
        0.071

    Source: Glorot & Bengio, AISTATS 2010, eq. 12. Differs: tails beyond two deviations are cut off.
    """

    rule = (1.0, "fan_avg", "truncated_normal")


class HeNormal(_FixedScaling):
    """Draw from a truncated normal distribution for layers followed by a rectifier.

    stddev = sqrt(2 / fan_in)

    Args:
        seed: A whole number or a `SeedGenerator`; see `RandomInitializer`.
        input_axes: As for `VarianceScaling`.
        output_axes: As for `VarianceScaling`.

    Example:
        >>> values = HeNormal(seed=1)((200, 200)).numpy()
        >>> round(float(values.std()), 2)
        0.1

    Source: He et al. 2015, arXiv:1502.01852, eq. 10. Differs: tails beyond two deviations are cut
    off.
    """

    rule = (2.0, "fan_in", "truncated_normal")


class HeUniform(_FixedScaling):
    """Draw evenly from ``[-limit, limit)`` for layers followed by a rectifier.

    limit = sqrt(6 / fan_in)

    Args:
        seed: A whole number or a `SeedGenerator`; see `RandomInitializer`.
        input_axes: As for `VarianceScaling`.
        output_axes: As for `VarianceScaling`.

    Example:
        >>> values = HeUniform(seed=1)((600, 100)).numpy()
        >>> round(float(values.max()), 3)
        0.1

    Source: He et al. 2015, arXiv:1502.01852, eq. 10. Differs: an even distribution.
    """

    rule = (2.0, "fan_in", "uniform")


class LecunNormal(_FixedScaling):
    """Draw from a truncated normal distribution; the choice for `selu` units.

    stddev = sqrt(1 / fan_in)

    Args:
        seed: A whole number or a `SeedGenerator`; see `RandomInitializer`.
        input_axes: As for `VarianceScaling`.
        output_axes: As for `VarianceScaling`.

    Example:
        >>> values = LecunNormal(seed=1)((100, 400)).numpy()
        >>> round(float(values.std()), 2)
        0.1

    Source: LeCun et al., "Efficient BackProp", 1998, eq. 16. Differs: tails beyond two deviations
    are cut off.
    """

    rule = (1.0, "fan_in", "truncated_normal")


class LecunUniform(_FixedScaling):
    """Draw evenly from ``[-limit, limit)``.

    limit = sqrt(3 / fan_in)

    Args:
        seed: A whole number or a `SeedGenerator`; see `RandomInitializer`.
        input_axes: As for `VarianceScaling`.
        output_axes: As for `VarianceScaling`.

    Example:
        >>> values = LecunUniform(seed=1)((300, 100)).numpy()
        >>> round(float(values.max()), 3)
        0.1

    Source: LeCun et al., "Efficient BackProp", 1998, eq. 16. Differs: none.
    """

    rule = (1.0, "fan_in", "uniform")
