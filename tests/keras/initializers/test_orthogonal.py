"""Random rotations."""

from __future__ import annotations

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.graph.function import function
from freshet.keras.initializers import Orthogonal


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (3, 3, 2, 4), (2, 3, 20)])
def test_the_shorter_side_is_orthonormal(shape: tuple[int, ...]) -> None:
    w = Orthogonal(gain=2.0, seed=1)(shape).numpy().reshape(-1, shape[-1]) / 2
    product = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    np.testing.assert_allclose(product, np.eye(min(w.shape)), atol=1e-6)


def test_rotations_are_even_among_all() -> None:
    # The sign of an element of an even rotation is + and - equally often.
    signs = [Orthogonal(seed=s)((2, 2)).numpy()[0, 0] > 0 for s in range(200)]
    assert 70 < sum(signs) < 130


def test_it_works_while_tracing() -> None:
    made = Orthogonal(seed=1)
    np.testing.assert_array_equal(function(lambda: made((3, 3)) + 0.0)(), made((3, 3)))


def test_a_vector_is_an_error() -> None:
    with pytest.raises(InvalidArgumentError, match=r"two or more dimensions is needed, .*\(3,\)"):
        Orthogonal()((3,))
