"""Convolutions by name, beside loops over the windows."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import InvalidArgumentError

Place = tuple[int, ...]


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    """Return small whole numbers, whose sums are exact in any order."""
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(np.float32)


def pads(size: Place, kernel: Place, stride: int, padding: str) -> list[Place]:
    if padding == "VALID":
        return [(0, 0)] * len(size)
    total = [
        max((-(-n // stride) - 1) * stride + k - n, 0) for n, k in zip(size, kernel, strict=True)
    ]
    return [(t // 2, t - t // 2) for t in total]


def convolved(x: np.ndarray, w: np.ndarray, stride: int, padding: str) -> np.ndarray:
    kernel = w.shape[:-2]
    around = pads(x.shape[1:-1], kernel, stride, padding)
    wide = np.pad(x, [(0, 0), *around, (0, 0)])
    counts = [(n - k) // stride + 1 for n, k in zip(wide.shape[1:-1], kernel, strict=True)]
    y = np.zeros((len(x), *counts, w.shape[-1]), np.float32)
    for place in itertools.product(*map(range, counts)):
        part = tuple(slice(p * stride, p * stride + k) for p, k in zip(place, kernel, strict=True))
        window = wide[(slice(None), *part)].reshape(len(x), -1)
        y[(slice(None), *place)] = window @ w.reshape(-1, w.shape[-1])
    return y


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_plain_convolutions(rank: int, stride: int, padding: str) -> None:
    x, w = numbers(2, *(7, 6, 5)[:rank], 3), numbers(*(3, 2, 2)[:rank], 3, 4, seed=1)
    convolve = (ft.nn.conv1d, ft.nn.conv2d, ft.nn.conv3d)[rank - 1]
    expected = convolved(x, w, stride, padding)
    np.testing.assert_array_equal(convolve(x, w, stride, padding).numpy(), expected)
    first = convolve(np.moveaxis(x, -1, 1), w, stride, padding, ("NCW", "NCHW", "NCDHW")[rank - 1])
    np.testing.assert_array_equal(np.moveaxis(first.numpy(), 1, -1), expected)


def test_dilations_spread_the_window() -> None:
    x, w = numbers(2, 9, 3), numbers(3, 3, 4, seed=1)
    spread = np.zeros((5, 3, 4), np.float32)
    spread[::2] = w
    found = ft.nn.conv1d(x, w, stride=1, padding="VALID", dilations=2)
    np.testing.assert_array_equal(found.numpy(), convolved(x, spread, 1, "VALID"))


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_and_separable_convolutions(stride: int, padding: str) -> None:
    x, w, mix = numbers(2, 7, 6, 3), numbers(3, 2, 3, 2, seed=1), numbers(1, 1, 6, 5, seed=2)
    channels = [convolved(x[..., c : c + 1], w[:, :, c : c + 1], stride, padding) for c in range(3)]
    deep = np.concatenate(channels, -1)
    found = ft.nn.depthwise_conv2d(x, w, [1, stride, stride, 1], padding)
    np.testing.assert_array_equal(found.numpy(), deep)
    both = ft.nn.separable_conv2d(x, w, mix, [1, stride, stride, 1], padding)
    np.testing.assert_array_equal(both.numpy(), deep @ mix[0, 0])


def transposed(x: np.ndarray, w: np.ndarray, size: Place, stride: int, padding: str) -> np.ndarray:
    kernel = w.shape[:-2]
    around = pads(size, kernel, stride, padding)
    wide = np.zeros((len(x), *(n + sum(p) for n, p in zip(size, around, strict=True)), w.shape[-2]))
    for place in itertools.product(*map(range, x.shape[1:-1])):
        for k in itertools.product(*map(range, kernel)):
            at = tuple(p * stride + i for p, i in zip(place, k, strict=True))
            wide[(slice(None), *at)] += x[(slice(None), *place)] @ w[k].T
    inside = tuple(slice(p, p + n) for n, (p, _) in zip(size, around, strict=True))
    return wide[(slice(None), *inside)].astype(np.float32)


@pytest.mark.parametrize(("padding", "stride", "size"), [
    ("SAME", 1, (4, 3, 2)), ("VALID", 1, (6, 4, 3)), ("SAME", 2, (8, 6, 4)),
    ("SAME", 2, (7, 5, 3)), ("VALID", 2, (9, 6, 4)), ("VALID", 2, (10, 7, 5)),
])  # fmt: skip
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_transposed_convolutions(rank: int, padding: str, stride: int, size: Place) -> None:
    x, w = numbers(2, *(4, 3, 2)[:rank], 3), numbers(*(3, 2, 2)[:rank], 5, 3, seed=1)
    shape = (2, *size[:rank], 5)
    name = f"conv{rank}d_transpose"
    found = getattr(ft.nn, name)(x, w, shape, stride, padding)
    np.testing.assert_array_equal(found.numpy(), transposed(x, w, size[:rank], stride, padding))
    again = ft.nn.conv_transpose(
        np.moveaxis(x, -1, 1), w, (2, 5, *size[:rank]), stride, padding, "NC"
    )
    np.testing.assert_array_equal(np.moveaxis(again.numpy(), 1, -1), found.numpy())


def test_a_transposed_convolution_of_a_batch_of_unknown_size() -> None:
    w = numbers(3, 3, 2, 4)

    @ft.function(input_signature=[ft.TensorSpec([None, 3, 3, 4])])
    def f(x: Any) -> Any:
        return ft.nn.conv2d_transpose(x, w, [ft.shape(x)[0], 6, 6, 2], 2)

    for size in (1, 3):
        x = numbers(size, 3, 3, 4, seed=2)
        np.testing.assert_array_equal(f(x).numpy(), transposed(x, w, (6, 6), 2, "SAME"))


@pytest.mark.parametrize(("shape", "message"), [
    ([1, 5, 2], r"output_shape must have 4 sizes, or the 2 spatial ones, received 3"),
    ([1, 9, 6, 2], r"the input f32\[1,3,3,4\] is not what a convolution of \[1,9,6,2\] with the "),
    ([1, 6, 6, 3], r"is not what a convolution of \[1,6,6,3\]"),
    ([2, 6, 6, 2], r"is not what a convolution of \[2,6,6,2\]"),
])  # fmt: skip
def test_shapes_that_no_convolution_would_have_are_refused(shape: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        ft.nn.conv2d_transpose(numbers(1, 3, 3, 4), numbers(3, 3, 2, 4), shape, 2)


def test_filters_of_another_rank_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match=r"conv1d: .* a filter of rank 3"):
        ft.nn.conv1d(numbers(1, 5, 2), numbers(3, 3, 2, 4), 1, "SAME")
    with pytest.raises(InvalidArgumentError, match="depthwise_conv: filters must be"):
        ft.nn.depthwise_conv2d(numbers(1, 5, 5, 2), numbers(3, 2), 1, "SAME")
