"""Random numbers outside of traced functions: kernels and NumPy give the same ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.ops.random import philox


@pytest.mark.parametrize("shape", [(), (1,), (64,), (65,), (7, 13), (1000, 137), (0,)])
def test_bits_of_a_kernel_are_those_of_numpy(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...]
) -> None:
    key = ft.constant(np.uint32([7, 2**32 - 1]))
    slow = philox.random_bits(key, shape).numpy()
    monkeypatch.setattr(philox._Effort, "spent", philox._ENOUGH)
    fast = philox.random_bits(key, shape)
    assert fast.shape == shape
    np.testing.assert_array_equal(fast, slow)


def test_sizes_of_kernels_are_few_and_close() -> None:
    rounded = {philox.rounded_size(n) for n in range(1, 1 << 15)}
    assert len(rounded) < 80
    assert all(n <= philox.rounded_size(n) <= n + max(n / 4, 64) for n in range(1, 1 << 15))


def test_many_blocks_are_those_of_a_few() -> None:
    counters = np.arange(3 * philox._BLOCKS // 2, dtype=np.uint64) + np.uint64(2**33)
    whole = philox.philox((3, 4), counters, 5)
    for at in (0, philox._BLOCKS - 1, philox._BLOCKS, len(counters) - 1):
        part = philox.philox((3, 4), counters[at : at + 1], 5)
        np.testing.assert_array_equal(whole[:, at : at + 1], part)


@pytest.mark.parametrize("draw", [ft.random.uniform, ft.random.normal])
@pytest.mark.parametrize("seed", [None, 11])
def test_draws_in_and_out_of_functions_are_one_sequence(draw: Any, seed: int | None) -> None:
    traced = ft.function(lambda: draw([5], seed=seed))
    ft.random.set_seed(2**40 + 3)
    mixed = [draw([5], seed=seed), traced(), draw([5], seed=seed), traced()]
    ft.random.set_seed(2**40 + 3)
    alone = [traced() for _ in range(4)]
    for one, other in zip(mixed, alone, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_cut_numbers_are_those_of_a_traced_function(dtype: str) -> None:
    shape = [130, 127]
    assert math.prod(shape) > 1 << 14

    def draw() -> Any:
        return ft.random.stateless_truncated_normal(shape, [1, 2], dtype=dtype)

    found = draw()
    assert found.dtype == dtype
    assert np.abs(found.numpy()).max() <= 2
    np.testing.assert_array_equal(found, ft.function(draw)())
