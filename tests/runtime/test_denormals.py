"""On x86-64 compiled programs make zero of denormal results; Python around and in them does not."""

from __future__ import annotations

import numpy as np
import pytest

import freshet as ft
from freshet.compiler.target import host

X86 = host().architecture == "x86_64"


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 100_000])
def test_results_are_zero_where_they_are_slow(
    dtype: str, threads: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRESHET_NUM_THREADS", str(threads))
    x = np.full(size, np.finfo(dtype).tiny, dtype)
    below, normal = ft.function(lambda x: (x * 0.5, x * 2.0))(ft.constant(x))
    np.testing.assert_array_equal(below, 0 * x if X86 else 0.5 * x)
    np.testing.assert_array_equal(normal, 2 * x)


def test_operands_are_what_they_are() -> None:
    x = np.float32([1e-39, -3e-45])
    found = ft.function(lambda x: (x * 1e30, ft.sqrt(ft.abs(x))))(ft.constant(x))
    np.testing.assert_array_equal(found[0], x * np.float32(1e30))
    np.testing.assert_array_equal(found[1], np.sqrt(np.abs(x)))


def test_numbers_that_are_only_moved_stay() -> None:
    x = np.float32([1e-39, -1e-45, 1.0])
    kept = ft.function(lambda x: ft.reverse(x, [0]))(ft.constant(x))
    assert kept.numpy().tobytes() == x[::-1].tobytes()


def test_python_computes_with_them_after_and_within_a_program() -> None:
    x = np.float32(1e-39)
    inside: list[np.ndarray] = []

    def half(y: np.ndarray) -> np.ndarray:
        inside.append(np.float32(1e-39) * np.float32(0.5))
        return y

    @ft.function
    def f(y: ft.Tensor) -> ft.Tensor:
        held = ft.numpy_function(half, [2.0 * y], ft.float32)
        held.set_shape([])
        return 3.0 * held

    f(ft.constant(1.0))
    assert inside[-1] > 0
    assert x * np.float32(0.5) > 0


def test_a_mean_that_fades_stays_out_of_the_slow_numbers() -> None:
    """As Adam's means do when a unit is dead."""
    mean = ft.Variable(np.full(64, 1e-30, np.float32))

    @ft.function
    def step() -> None:
        mean.assign(mean + (0.0 - mean) * 0.1)

    for _ in range(400):
        step()
    left = np.abs(mean.numpy())
    assert (left < 2e-37).all()
    assert not X86 or ((left == 0) | (left >= np.finfo(np.float32).tiny)).all()
