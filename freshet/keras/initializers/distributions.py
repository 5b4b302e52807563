"""Initializers of a fixed width: `RandomNormal`, `RandomUniform`, `TruncatedNormal`."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras.initializers.initializer import RandomInitializer
from freshet.ops.random import stateless_normal, stateless_truncated_normal, stateless_uniform


class RandomNormal(RandomInitializer):
    """Draw from a normal distribution.

    p(w) = exp(-(w - mean)**2 / (2 stddev**2)) / (stddev sqrt(2 pi))

    Args:
        mean: Centre of the distribution.
        stddev: Its standard deviation; 0.05, as Keras, keeps sums of some hundred inputs near 1.
        seed: A whole number or a `SeedGenerator`; see `RandomInitializer`.

    Example:
        >>> values = RandomNormal(stddev=0.1, seed=1)((1000,)).numpy()
        >>> round(float(values.std()), 2)
        0.1
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Return the values."""
        return self._draw(stateless_normal, shape, dtype, self.mean, self.stddev)


class RandomUniform(RandomInitializer):
    """Draw evenly from an interval.

    p(w) = 1 / (maxval - minval)  in [minval, maxval)

    Args:
        minval: Lower bound, included.
        maxval: Upper bound, excluded. The bounds are -0.05 and 0.05, as in Keras.
        seed: A whole number or a `SeedGenerator`; see `RandomInitializer`.

    Example:
        >>> values = RandomUniform(2.0, 3.0, seed=1)((1000,)).numpy()
        >>> bool(values.min() >= 2), bool(values.max() < 3)
        (True, True)
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Return the values."""
        return self._draw(stateless_uniform, shape, dtype, self.minval, self.maxval)


class TruncatedNormal(RandomInitializer):
    """Draw from a normal distribution without its tails beyond two deviations.

    p(w) = exp(-(w - mean)**2 / (2 stddev**2)) / Z  where |w - mean| <= 2 stddev,  else 0

    Args:
        mean: Centre of the distribution.
        stddev: Standard deviation before the tails are cut off; 0.88 of it is left after.
        seed: A whole number or a `SeedGenerator`; see `RandomInitializer`.

    Example:
        >>> values = TruncatedNormal(stddev=1.0, seed=1)((1000,)).numpy()
        >>> bool(abs(values).max() <= 2)
        True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Return the values."""
        return self._draw(stateless_truncated_normal, shape, dtype, self.mean, self.stddev)
