"""Windows over inputs whose sizes are not known when traced, places of maxima, random windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import InvalidArgumentError
from freshet.ops.windows import explicit_padding
from freshet.testing import PrimitiveSuite, Sample

X = np.random.default_rng(0).standard_normal((2, 7, 6, 3)).astype(np.float32)
W = np.random.default_rng(1).standard_normal((3, 2, 3, 4)).astype(np.float32)
OPEN = [ft.TensorSpec([None, None, None, 3])]


@pytest.mark.parametrize("strides", [1, 2, [1, 3]])
@pytest.mark.parametrize("name", ["conv2d", "max_pool", "avg_pool", "depthwise_conv2d"])
def test_padding_same_of_sizes_that_are_known_only_at_the_run(name: str, strides: Any) -> None:
    calls = {
        "conv2d": lambda x: ft.nn.conv2d(x, W, strides, "SAME"),
        "max_pool": lambda x: ft.nn.max_pool(x, [3, 2], strides, "SAME"),
        "avg_pool": lambda x: ft.nn.avg_pool(x, [3, 2], strides, "SAME"),
        "depthwise_conv2d": lambda x: ft.nn.depthwise_conv2d(x, W, strides, "SAME"),
    }
    compute = calls[name]

    def both(x: Any) -> tuple[Any, Any]:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = compute(x)
            total = ft.reduce_sum(y * y)
        return y, tape.gradient(total, x)

    traced = ft.function(both, input_signature=OPEN)
    for part in (X, X[:1, :5, :3]):
        for ours, eager in zip(traced(part), both(ft.constant(part)), strict=True):
            np.testing.assert_allclose(ours, eager, rtol=1e-5, atol=1e-5)


def test_explicit_padding_with_channels_first() -> None:
    first = np.moveaxis(X, -1, 1)
    pads = [[0, 0], [1, 0], [0, 2], [0, 0]]
    expected = ft.nn.conv2d(X, W, [2, 1], pads).numpy()
    turned = [pads[0], pads[3], *pads[1:3]]
    found = ft.nn.conv2d(first, W, [1, 1, 2, 1], turned, "NCHW").numpy()
    np.testing.assert_array_equal(np.moveaxis(found, 1, -1), expected)


class TestPlaces(PrimitiveSuite):
    samples = {
        "max_pool_place": [
            Sample(
                inputs=(np.random.default_rng(2).integers(0, 4, (2, 3, 2, 2)).astype(np.uint8), x),
                params={"batch": batch, "window": (2, 2), "strides": (2, 2), "padding": pads},
                expected=lambda where, x, **params: places(where, x.shape, **params),
            )
            for x in [np.zeros((2, 6, 4, 2), np.float32)]
            for batch in (False, True)
            for pads in (((0, 0), (0, 0)), ((1, 0), (0, 1)))
        ],
        "hits": [
            Sample(inputs=(np.int32(label), np.zeros((*np.shape(label), 4), np.float32)),
                   expected=lambda label, x: label[..., None] == np.arange(4))
            for label in (2, [0, 3, 9, -1], [[1], [2]])
        ],
    }  # fmt: skip


def places(
    where: Any, shape: Any, batch: bool, window: Any, strides: Any, padding: Any
) -> np.ndarray:
    found = np.zeros(where.shape, np.int64)
    for at in np.ndindex(*where.shape):
        n, i, j, c = at
        k, m = divmod(int(where[at]), window[1])
        y = strides[0] * i + k - padding[0][0]
        x = strides[1] * j + m - padding[1][0]
        found[at] = ((batch * n * shape[1] + y) * shape[2] + x) * shape[3] + c
    return found


@pytest.mark.parametrize("overlapping", [False, True])
@pytest.mark.parametrize("pseudo_random", [False, True])
@pytest.mark.parametrize("kind", ["max", "avg"])
def test_fractional_pooling_pools_the_windows_it_says(
    kind: str, pseudo_random: bool, overlapping: bool
) -> None:
    x = np.random.default_rng(0).standard_normal((2, 11, 9, 3))
    pool = getattr(ft.nn, f"fractional_{kind}_pool")
    for seed in (1, 2, 3):
        y, rows, columns = (
            t.numpy() for t in pool(x, [1, 1.6, 1.3, 1], pseudo_random, overlapping, seed)
        )
        assert y.shape == (2, 6, 6, 3)
        for edges, size in ((rows, 11), (columns, 9)):
            assert edges[0] == 0
            assert edges[-1] == size
            assert set(np.diff(edges)) <= {1, 2}
        for i, j in np.ndindex(6, 6):
            part = x[
                :, rows[i] : rows[i + 1] + overlapping, columns[j] : columns[j + 1] + overlapping
            ]
            expected = part.max((1, 2)) if kind == "max" else part.mean((1, 2))
            np.testing.assert_allclose(y[:, i, j], expected, rtol=1e-12)


def test_fractional_pooling_differs_without_a_seed() -> None:
    found = {tuple(ft.nn.fractional_max_pool(X, [1, 1.4, 1.3, 1])[1].numpy()) for _ in range(40)}
    assert len(found) > 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ft.nn.max_pool(X, 9, 1, "VALID"), "does not fit"),
        (lambda: ft.nn.max_pool(X, 2, 1, [[1, 0], [0, 0], [0, 0], [0, 0]]), "batch and channels"),
        (lambda: ft.nn.conv2d(X[0], W, 1, "SAME"), "rank 4"),
        (lambda: ft.nn.max_pool1d(X, 2, 1, "SAME"), "of rank 3"),
        (lambda: ft.nn.max_pool2d(X, 2, 1, "SAME", "NWHC"), "data_format must be"),
        (lambda: explicit_padding([[1, -1]], [3], [1], [1], [1]), "not below 0"),
    ],
)
def test_wrong_arguments(call: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        call()


@pytest.mark.parametrize("first", [False, True])
def test_with_space_to_batch_is_a_window_with_holes(first: bool) -> None:
    x = np.moveaxis(X, -1, 1) if first else X
    layout = "NCHW" if first else "NHWC"
    found = ft.nn.with_space_to_batch(
        x, [2, 3], "SAME", lambda part, rank, pads: ft.nn.conv2d(part, W, 1, pads, layout),
        [3, 2], data_format=layout,
    ).numpy()  # fmt: skip
    expected = ft.nn.conv2d(x, W, 1, "SAME", layout, [2, 3]).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_without_holes_space_to_batch_changes_nothing() -> None:
    seen: list[Any] = []
    ft.nn.with_space_to_batch(X, [1, 1], "SAME", lambda *given: seen.append(given))
    assert seen[0][1:] == (2, "SAME")


def test_general_dropout_keeps_what_its_sampler_says() -> None:
    drawn = np.float32([[0.1, 0.5, 0.9]])
    found = ft.nn.experimental.general_dropout(
        np.ones((2, 3), np.float32), 0.5, lambda shape, dtype: drawn, [1, 3]
    )
    assert found.numpy().tolist() == [[0, 2, 2]] * 2


def test_dropout_of_a_rate_that_is_known_only_at_the_run() -> None:
    traced = ft.function(lambda rate: ft.nn.dropout(np.ones(20_000, np.float32), rate))
    for rate in (0.2, 0.7):
        found = traced(ft.constant(rate)).numpy()
        np.testing.assert_allclose(found.max(), 1 / (1 - rate), rtol=1e-6)
        assert abs((found == 0).mean() - rate) < 0.02
