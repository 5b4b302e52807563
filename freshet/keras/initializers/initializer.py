"""`Initializer`: what makes the first values of weights."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, Final, Self

import numpy as np

from freshet.core.context import executing_eagerly
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.graph.function import function
from freshet.keras.configurable import Configurable
from freshet.keras.dtype_policies import floatx
from freshet.keras.random import SeedGenerator, draw_seed

_COMPILE_FROM: Final = 2**20
"""Elements. From about a million on, compiling the draw takes less time than NumPy's own pass."""
_WORD: Final = 2**32


class Initializer(Configurable):
    """A function of a shape and a dtype that returns the first values of a weight.

    A subclass writes `__call__`, and keeps each argument of its constructor in an attribute of the
    same name so that it can be saved.

    Example:
        >>> class Half(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return Tensor._of_array(np.full(shape, 0.5, "float32"))
        >>> Half()((2,)).numpy().tolist()
        [0.5, 0.5]
    """

    family = "keras.initializers"

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Return the values.

        Args:
            shape: Sizes, all known.
            dtype: `floatx()` by default.
        """
        raise UnimplementedError(f"{type(self).__name__} has no __call__(shape, dtype)")

    def clone(self) -> Self:
        """Return an initializer made by the same arguments; one without a seed draws another."""
        return self.from_config(self.get_config())


class RandomInitializer(Initializer):
    """An initializer with a seed.

    Args:
        seed: A whole number, or a `SeedGenerator`. One object with a number gives the same values
            each time it is called, with a generator others each time. By default a number is drawn
            from the global generator when the object is made, so that `ft.random.set_seed` fixes
            all weights of a program.

    Raises:
        InvalidArgumentError: `seed` is neither.
    """

    def __init__(self, seed: Any = None) -> None:
        self.seed = _seed_of(type(self).__name__, seed)
        self._number = draw_seed() if self.seed is None else self.seed

    def _key(self) -> Tensor:
        """Return the key of the next draw."""
        if isinstance(self._number, SeedGenerator):
            return self._number.next()
        low, high = self._number % _WORD, (self._number >> 32) % _WORD
        return Tensor._of_array(np.array([low, high], np.uint32))

    def _draw(
        self, distribution: Callable[..., Tensor], shape: Any, dtype: Any, *numbers: float
    ) -> Tensor:
        """Return random numbers of a stateless distribution with two parameters."""
        sizes, kind = checked(type(self).__name__, shape, dtype)
        if not kind.is_floating:
            raise InvalidArgumentError(
                f"{type(self).__name__}: expected a floating-point dtype, received {kind.name}"
            )
        if math.prod(sizes) < _COMPILE_FROM or not executing_eagerly():
            return distribution(sizes, self._key(), *numbers, dtype=kind)
        compiled = function(lambda key: distribution(sizes, key, *numbers, dtype=kind))
        result: Tensor = compiled(self._key())
        return result


def checked(caller: str, shape: Any, dtype: Any) -> tuple[tuple[int, ...], DType]:
    """Return a shape as numbers and a dtype, `floatx()` for None.

    Raises:
        InvalidArgumentError: A size is not known.
    """
    sizes = TensorShape(shape)
    if not sizes.is_fully_defined():
        raise InvalidArgumentError(f"{caller}: every size must be known, received shape {sizes}")
    return tuple(d for d in sizes if d is not None), as_dtype(floatx() if dtype is None else dtype)


def _seed_of(caller: str, seed: Any) -> Any:
    """Return a seed in one of its forms: None, a number, a generator."""
    if isinstance(seed, dict):  # a saved generator
        return SeedGenerator(**seed.get("config", {}))
    if seed is None or isinstance(seed, SeedGenerator):
        return seed
    try:
        return operator.index(seed)
    except TypeError:
        raise InvalidArgumentError(
            f"{caller}: seed must be a whole number or a SeedGenerator, received {seed!r}"
        ) from None
