"""Images: gradients of float32 results, random changes, resizing without known sizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from database.images_size import _matrix

import freshet as ft

RNG = np.random.default_rng(5)
IMAGE = RNG.random((2, 5, 6, 3), np.float32)


# --- resizing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["bilinear", "nearest", "bicubic", "area", "lanczos3"])
@pytest.mark.parametrize("antialias", [False, True])
def test_the_gradient_of_resize_is_its_adjoint(method: str, antialias: bool) -> None:
    x = ft.constant(IMAGE)

    def gradient(x: ft.Tensor, weights: ft.Tensor) -> ft.Tensor:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = ft.image.resize(x, [4, 9], method, antialias=antialias)
        return tape.gradient(y, x, weights)

    y = ft.image.resize(x, [4, 9], method, antialias=antialias).numpy()
    weights = ft.constant(RNG.random(y.shape, np.float32))
    for run in (gradient, ft.function(gradient)):
        g = run(x, weights).numpy()
        np.testing.assert_allclose(np.vdot(g, IMAGE), np.vdot(weights.numpy(), y), rtol=1e-5)


def test_images_of_any_size_share_one_trace() -> None:
    traces = []

    @ft.function(input_signature=[ft.TensorSpec([None, None, 3])])
    def thumbnail(image: ft.Tensor) -> ft.Tensor:
        traces.append(image)
        return ft.image.resize(image, [3, 4], antialias=True)

    for shape in ((7, 5, 3), (2, 9, 3)):
        x = RNG.random(shape, np.float32)
        y = thumbnail(x)
        assert y.shape == (3, 4, 3)
        rows, columns = (_matrix(a, b, "bilinear", True) for a, b in zip(shape, (3, 4)))  # noqa: B905
        np.testing.assert_allclose(y, np.einsum("ip,jq,pqc->ijc", rows, columns, x), atol=1e-5)
    assert len(traces) == 1


def test_the_size_may_be_computed() -> None:
    @ft.function
    def halved(image: ft.Tensor) -> ft.Tensor:
        return ft.image.resize(image, ft.shape(image)[1:3] // 2)

    assert halved(IMAGE).shape == (2, 2, 3, 3)


# --- gradients ------------------------------------------------------------------------------------

BOXES = np.float32([[0.1, 0.2, 0.83, 0.77], [0.3, 0.1, 0.6, 0.93]])
OTHER = np.clip(IMAGE + 0.1 * RNG.random(IMAGE.shape, np.float32), 0, 1)


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda x: ft.image.per_image_standardization(x) ** 3, IMAGE),
        (lambda x: ft.image.psnr(x, OTHER, 1.0), IMAGE),
        (lambda x: ft.image.ssim(x, OTHER, 1.0, filter_size=4), IMAGE),
        (
            lambda x: ft.image.ssim_multiscale(
                x, OTHER, 1.0, power_factors=(0.4, 0.6), filter_size=2
            ),
            IMAGE,
        ),
        (lambda x: ft.image.crop_and_resize(x, BOXES, [0, 1], [3, 4]), IMAGE),
        (lambda b: ft.image.crop_and_resize(IMAGE, b, [0, 1], [3, 4]), BOXES),
    ],
)
def test_gradients_of_float32_results(function: Callable, at: np.ndarray) -> None:
    x = ft.constant(at)
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = ft.reduce_sum(function(x))
    g = tape.gradient(y, x).numpy().astype(np.float64)
    along = np.random.default_rng(0).standard_normal(at.shape)
    step = 2e-3

    def value(by: float) -> float:
        return float(
            np.sum(function(ft.constant(np.float32(at + by * along))).numpy(), dtype=float)
        )

    slope = (value(step) - value(-step)) / (2 * step)
    assert abs(np.sum(g * along) - slope) <= 0.02 * (1 + np.abs(g * along).sum())


# --- random changes -------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "axis"), [("flip_left_right", 2), ("flip_up_down", 1)])
def test_each_image_of_a_batch_is_flipped_by_itself(name: str, axis: int) -> None:
    x = np.repeat(IMAGE[:1], 200, 0)
    flipped = np.flip(x, axis)
    for y in (
        getattr(ft.image, f"random_{name}")(x, seed=1).numpy(),
        getattr(ft.image, f"stateless_random_{name}")(x, [3, 4]).numpy(),
    ):
        turned = (y == flipped).all((1, 2, 3))
        assert np.all(turned | (y == x).all((1, 2, 3)))
        assert 70 <= turned.sum() <= 130


def test_a_single_image_is_flipped_half_of_the_time() -> None:
    flip = ft.function(lambda x: ft.image.random_flip_left_right(x))
    turned = [not np.array_equal(flip(IMAGE[0]).numpy(), IMAGE[0]) for _ in range(60)]
    assert 15 <= sum(turned) <= 45


def test_random_crops_are_parts_and_reach_every_place() -> None:
    x = np.arange(20).reshape(4, 5)
    crop = ft.function(lambda: ft.image.random_crop(x, [3, 2]))
    corners = set()
    for _ in range(120):
        y = crop().numpy()
        top, left = divmod(int(y[0, 0]), 5)
        np.testing.assert_array_equal(y, x[top : top + 3, left : left + 2])
        corners.add((top, left))
    assert corners == {(i, j) for i in range(2) for j in range(4)}


def test_stateless_changes_are_functions_of_the_seed() -> None:
    changes = {
        "brightness": (0.5,), "contrast": (0.5, 1.5), "saturation": (0.5, 1.5), "hue": (0.4,),
        "crop": ([2, 3, 4, 3],), "flip_left_right": (),
    }  # fmt: skip
    for name, args in changes.items():
        change = getattr(ft.image, f"stateless_random_{name}")
        first, again, other = (
            np.stack([change(IMAGE, *args, seed=[s, n]).numpy() for n in range(4)])
            for s in (1, 1, 2)
        )
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other), name


def test_random_amounts_stay_in_their_range() -> None:
    x = np.float32([0.5])
    moved = [float(ft.image.random_brightness(x, 0.2)[0]) - 0.5 for _ in range(50)]
    assert min(moved) >= -0.2
    assert max(moved) <= 0.2
    assert np.ptp(moved) > 0.2
    pair = np.float32([[[0.0], [1.0]]])
    spread = [float(np.ptp(ft.image.random_contrast(pair, 0.5, 2.0).numpy())) for _ in range(50)]
    assert 0.5 <= min(spread) < max(spread) < 2.0


def test_sampled_boxes_cover_enough_and_fit_their_ranges() -> None:
    box = np.float32([[[0.3, 0.4, 0.6, 0.7]]])
    parts = set()
    for n in range(60):
        begin, size, part = ft.image.stateless_sample_distorted_bounding_box(
            [40, 60, 3], box, [n, 1], min_object_covered=0.5, area_range=(0.1, 0.6),
            aspect_ratio_range=(0.5, 2.0),
        )  # fmt: skip
        (top, left, _), (rows, columns, _) = begin.numpy().tolist(), size.numpy().tolist()
        np.testing.assert_allclose(
            part.numpy()[0, 0],
            [top / 40, left / 60, (top + rows) / 40, (left + columns) / 60], rtol=1e-6,
        )  # fmt: skip
        assert 0 <= top <= 40 - rows
        assert 0 <= left <= 60 - columns
        assert 0.1 * 2400 <= rows * columns <= 0.6 * 2400
        low, high = (
            np.maximum([12, 24], [top, left]),
            np.minimum([24, 42], [top + rows, left + columns]),
        )
        assert np.prod(np.maximum(high - low, 0)) >= 0.5 * 12 * 18 - 1e-3
        parts.add((top, left, rows, columns))
    assert len(parts) > 50


def test_glimpses_outside_of_an_image_are_noise() -> None:
    x = np.full((2, 4, 4, 1), 7, np.float32)
    for noise, low in (("uniform", 0.0), ("gaussian", -9.0)):
        y = ft.image.extract_glimpse(x, [3, 3], np.float32([[9, 9], [0, 0]]), noise=noise).numpy()
        assert np.all(y[1] == 7)
        assert np.all((y[0] >= low) & (y[0] < 6))
        assert len(np.unique(y[0])) == 9
