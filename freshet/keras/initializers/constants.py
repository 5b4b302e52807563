"""Initializers that draw nothing: `Zeros`, `Ones`, `Constant`, `Identity`."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.initializers.initializer import Initializer, checked


class Zeros(Initializer):
    """Fill with 0.

    Example:
        >>> Zeros()((2,)).numpy().tolist()
        [0.0, 0.0]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Return zeros of any dtype."""
        sizes, kind = checked("Zeros", shape, dtype)
        return Tensor._of_array(np.zeros(sizes, kind.as_numpy_dtype), kind)


class Ones(Initializer):
    """Fill with 1.

    Example:
        >>> Ones()((2,)).numpy().tolist()
        [1.0, 1.0]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Return ones of any dtype."""
        sizes, kind = checked("Ones", shape, dtype)
        return Tensor._of_array(np.ones(sizes, kind.as_numpy_dtype), kind)


class Constant(Initializer):
    """Fill with one value.

    Args:
        value: A number, or an array that broadcasts to the weight's shape.

    Example:
        >>> Constant(0.1)((2,)).numpy().tolist()
        [0.10000000149011612, 0.10000000149011612]
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Return the value everywhere, in any dtype.

        Raises:
            InvalidArgumentError: The value is an array that does not broadcast to `shape`.
        """
        sizes, kind = checked("Constant", shape, dtype)
        value = np.asarray(self.value)
        try:
            filled = np.broadcast_to(value, sizes)
        except ValueError:
            raise InvalidArgumentError(
                f"Constant: a value of shape {value.shape} does not stretch to {sizes}"
            ) from None
        return Tensor._of_array(filled.astype(kind.as_numpy_dtype), kind)


class Identity(Initializer):
    """The identity matrix times a factor.

    w[i, j] = gain  where i = j,  else 0

    Args:
        gain: The factor.

    Example:
        >>> Identity(2.0)((2, 3)).numpy().tolist()
        [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Return the matrix.

        Raises:
            InvalidArgumentError: `shape` has not two dimensions.
        """
        sizes, kind = checked("Identity", shape, dtype)
        if len(sizes) != 2:
            raise InvalidArgumentError(f"Identity: the shape of a matrix is needed, not {sizes}")
        matrix = np.eye(*sizes) * self.gain
        return Tensor._of_array(matrix.astype(kind.as_numpy_dtype), kind)
