"""Convolutions with one output channel, in two steps or one, beside NumPy's."""

import itertools

import numpy as np
import pytest

import freshet as ft


def convolution(x: np.ndarray, w: np.ndarray, high: int, wide: int, before: int) -> np.ndarray:
    taps = w.shape[0]
    padded = np.pad(x, ((0, 0), (before, taps), (before, taps), (0, 0)))
    result = np.zeros((x.shape[0], high, wide, 1))
    for r, s in itertools.product(range(taps), repeat=2):
        result += padded[:, r : r + high, s : s + wide] @ w[r, s]
    return result


@pytest.mark.parametrize(
    ("side", "taps", "padding"),
    [(24, 3, "SAME"), (24, 4, "SAME"), (26, 3, "VALID"), (9, 3, "SAME")],
)
def test_convolutions_to_one_channel(side: int, taps: int, padding: str) -> None:
    numbers = np.random.default_rng(0)
    x = numbers.normal(size=(8, side, side, 17))
    w = numbers.normal(size=(taps, taps, 17, 1))
    steps = side if padding == "SAME" else side - taps + 1

    @ft.function
    def layer(x: ft.Tensor, w: ft.Tensor) -> ft.Tensor:
        return ft.nn.conv2d(x, w, 1, padding) + 1.0

    found = layer(ft.constant(x), ft.constant(w)).numpy()
    expected = convolution(x, w, steps, steps, (taps - 1) // 2 if padding == "SAME" else 0) + 1.0
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("strides", "taps"), [(1, 3), (2, 5), (2, 4), (3, 5)])
def test_transposed_convolutions_to_one_channel(strides: int, taps: int) -> None:
    """With strides each phase has taps of its own, and a part of its own size."""
    numbers = np.random.default_rng(0)
    side, far = 23, 23 * strides
    x = numbers.normal(size=(16, side, side, 33))
    w = numbers.normal(size=(taps, taps, 1, 33))

    @ft.function
    def layer(x: ft.Tensor, w: ft.Tensor) -> ft.Tensor:
        return ft.nn.conv2d_transpose(x, w, (16, far, far, 1), strides, "SAME")

    before = max(taps - strides, 0) // 2
    expected = np.zeros((16, far + 2 * taps, far + 2 * taps))
    for r, s in itertools.product(range(taps), repeat=2):
        top, left = (taps + k - before for k in (r, s))
        rows, columns = slice(top, top + far, strides), slice(left, left + far, strides)
        expected[:, rows, columns] += x @ w[r, s, 0]
    found = layer(ft.constant(x), ft.constant(w)).numpy()[..., 0]
    np.testing.assert_allclose(
        found, expected[:, taps : taps + far, taps : taps + far], rtol=1e-11, atol=1e-11
    )
