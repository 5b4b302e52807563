"""Sums over the positions of the operand that has the columns, beside NumPy's."""

import itertools

import numpy as np
import pytest

import freshet as ft
from freshet.graph.function import Function


def filter_gradient(taps: int, padding: str, strides: int, dilations: int) -> Function:
    shape = (taps, taps, 5, 1)

    @ft.function
    def gradient(x: ft.Tensor, dy: ft.Tensor) -> ft.Tensor:
        w = ft.zeros(shape, x.dtype)
        with ft.GradientTape() as tape:
            tape.watch(w)
            y = ft.nn.conv2d(x, w, strides, padding, dilations=dilations)
        found = tape.gradient(y, w, output_gradients=dy)
        assert isinstance(found, ft.Tensor)
        return found

    return gradient


def reference(
    x: np.ndarray, dy: np.ndarray, taps: int, before: int, strides: int, dilations: int
) -> np.ndarray:
    high, wide = dy.shape[1:3]
    around = (taps * dilations + strides, taps * dilations + strides)
    padded = np.pad(x, ((0, 0), around, around, (0, 0)))
    result = np.empty((taps, taps, x.shape[3], 1))
    for r, s in itertools.product(range(taps), repeat=2):
        top, left = (around[0] - before + k * dilations for k in (r, s))
        read = padded[
            :, top : top + high * strides : strides, left : left + wide * strides : strides
        ]
        result[r, s] = np.einsum("nijc,nijd->cd", read[:, :high, :wide], dy)
    return result


@pytest.mark.parametrize(
    ("side", "taps", "padding", "strides", "dilations"),
    [
        (9, 3, "SAME", 1, 1), (9, 4, "SAME", 1, 1), (10, 3, "VALID", 1, 1), (9, 7, "VALID", 1, 1),
        (9, 3, "SAME", 2, 1), (9, 3, "SAME", 1, 2), (3, 5, "SAME", 1, 1),
    ],
)  # fmt: skip
def test_filter_gradients_of_one_channel(
    side: int, taps: int, padding: str, strides: int, dilations: int
) -> None:
    numbers = np.random.default_rng(0)
    reach = (taps - 1) * dilations + 1
    steps = -(-side // strides) if padding == "SAME" else (side - reach) // strides + 1
    missing = max((steps - 1) * strides + reach - side, 0) if padding == "SAME" else 0
    x = numbers.normal(size=(3, side, side, 5))
    dy = numbers.normal(size=(3, steps, steps, 1))
    gradient = filter_gradient(taps, padding, strides, dilations)
    found = gradient(ft.constant(x), ft.constant(dy)).numpy()
    expected = reference(x, dy, taps, missing // 2, strides, dilations)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
