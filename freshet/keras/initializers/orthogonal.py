"""`Orthogonal`: a random rotation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from freshet.core import context
from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.initializers.initializer import RandomInitializer, checked
from freshet.ops.random import stateless_normal


class Orthogonal(RandomInitializer):
    """Draw a matrix with orthonormal columns (or rows, if it has fewer rows), evenly among all.

    a = q r  for a of normal numbers;   w = gain q diag(sign(diag(r)))

    All dimensions but the last count as rows.

    Args:
        gain: Factor of the result.
        seed: A whole number or a `SeedGenerator`; see `RandomInitializer`.

    Example:
        >>> w = Orthogonal(seed=1)((3, 2)).numpy()
        >>> (w.T @ w).round(4).tolist()
        [[1.0, 0.0], [0.0, 1.0]]

    Source: Saxe, McClelland & Ganguli 2014, arXiv:1312.6120, section 3.1. Differs: signs are made
    even as in Mezzadri 2007, arXiv:math-ph/0609050, section 5.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Return the values.

        Raises:
            InvalidArgumentError: `shape` has fewer than two dimensions.
        """
        sizes, kind = checked("Orthogonal", shape, dtype)
        if len(sizes) < 2:
            raise InvalidArgumentError(
                f"Orthogonal: a shape of two or more dimensions is needed, received {sizes}"
            )
        rows, columns = math.prod(sizes[:-1]), sizes[-1]
        with context.init_scope():
            tall = (max(rows, columns), min(rows, columns))
            normal = self._draw(stateless_normal, tall, "float32").numpy()
        # Decomposed in float64: the columns are then orthogonal to the last bit of the result.
        q, r = np.linalg.qr(normal.astype(np.float64))
        q = q * np.sign(np.diag(r))
        matrix = (q.T if rows < columns else q).reshape(sizes) * self.gain
        return Tensor._of_array(np.ascontiguousarray(matrix, kind.as_numpy_dtype), kind)
