"""Resizing outside of traced functions is the same as inside, where it is differentiable."""

from __future__ import annotations

import numpy as np
import pytest

import freshet as ft

RANDOM = np.random.default_rng(1)


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("method", ["bilinear", "bicubic", "area", "lanczos3", "mitchellcubic"])
@pytest.mark.parametrize(
    ("shape", "dtype", "size"),
    [
        ((2, 5, 7, 3), "float32", (4, 9)),
        ((40, 30, 1), "uint8", (13, 60)),
        ((70, 33, 31, 2), "float64", (40, 20)),
        ((1, 90, 800, 3), "int32", (150, 70)),
        ((0, 4, 4, 3), "float32", (2, 2)),
    ],
)
def test_it_is_what_a_tape_sees(
    shape: tuple[int, ...], dtype: str, size: tuple[int, int], method: str, antialias: bool
) -> None:
    x = RANDOM.uniform(0, 255, shape).astype(dtype)
    found = ft.image.resize(x, size, method=method, antialias=antialias)
    assert found.dtype == ft.float32
    with ft.GradientTape():  # which has every step done as an operation of its own
        expected = ft.image.resize(x, size, method=method, antialias=antialias)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-4)
