"""The neural-network functions that are made of others, beside SciPy and NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

import freshet as ft

X = np.concatenate([np.linspace(-9, 9, 41), [0.0, 1e-3, -1e-3, 40.0, -40.0]])
SCALE, ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


def elu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


ACTIVATIONS: dict[str, tuple[Any, Any]] = {
    "relu6": (ft.nn.relu6, lambda x: np.clip(x, 0, 6)),
    "leaky_relu": (ft.nn.leaky_relu, lambda x: np.where(x > 0, x, 0.2 * x)),
    "leaky_relu 0.5": (lambda x: ft.nn.leaky_relu(x, 0.5), lambda x: np.where(x > 0, x, 0.5 * x)),
    "elu": (ft.nn.elu, elu),
    "selu": (ft.nn.selu, lambda x: SCALE * elu(x, ALPHA)),
    "gelu": (ft.nn.gelu, lambda x: x * stats.norm.cdf(x)),
    "gelu tanh": (
        lambda x: ft.nn.gelu(x, approximate=True),
        lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    "silu": (ft.nn.silu, lambda x: x * special.expit(x)),
    "swish 2": (lambda x: ft.nn.swish(x, 2.0), lambda x: x * special.expit(2 * x)),
    "softplus": (ft.nn.softplus, lambda x: np.logaddexp(0, x)),
    "softsign": (ft.nn.softsign, lambda x: x / (1 + np.abs(x))),
    "crelu": (ft.nn.crelu, lambda x: np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)])),
    "softmax": (ft.nn.softmax, special.softmax),
    "log_softmax": (ft.nn.log_softmax, special.log_softmax),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(("dtype", "bound"), [("float32", 3e-6), ("float64", 1e-13)])
def test_activations(name: str, dtype: str, bound: float) -> None:
    ours, expected = ACTIVATIONS[name]
    x = X.astype(dtype)
    found = ours(ft.constant(x)).numpy()
    assert found.dtype == x.dtype
    np.testing.assert_allclose(found, expected(x.astype(np.float64)), rtol=bound, atol=bound)
    compiled = ft.function(ours)(ft.constant(x)).numpy()
    np.testing.assert_allclose(compiled, found, rtol=bound, atol=bound)


@pytest.mark.parametrize("name", [n for n in ACTIVATIONS if "relu" not in n or n == "gelu"])
def test_gradients_of_smooth_activations(name: str) -> None:
    ours, expected = ACTIVATIONS[name]
    x = np.linspace(-3.05, 3.1, 12)
    weights = np.cos(np.arange(12))
    tensor = ft.constant(x)
    with ft.GradientTape() as tape:
        tape.watch(tensor)
        total = ft.reduce_sum(ours(tensor) * weights)
    found = tape.gradient(total, tensor).numpy()
    for i, unit in enumerate(np.eye(12) * 1e-6):
        slope = np.sum(weights * (expected(x + unit) - expected(x - unit))) / 2e-6
        np.testing.assert_allclose(found[i], slope, atol=1e-8)


@pytest.mark.parametrize("axis", [0, 1, -1, [0, 2]])
def test_softmax_along_axes(axis: Any) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    axes = tuple(axis) if isinstance(axis, list) else axis
    np.testing.assert_allclose(ft.nn.softmax(x, axis), special.softmax(x, axes), rtol=1e-6)


def test_crelu_along_another_axis() -> None:
    x = np.float32([[1, -2], [-3, 4]])
    assert ft.nn.crelu(x, axis=0).numpy().tolist() == [[1, 0], [0, 4], [0, 2], [3, 0]]


@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize("axes", [[0], [1, 2], [-1]])
def test_moments(axes: list[int], keepdims: bool) -> None:
    x = np.random.default_rng(0).standard_normal((3, 4, 5)).astype(np.float32) + 100
    mean, variance = ft.nn.moments(x, axes, keepdims=keepdims)
    wide, over = x.astype(np.float64), tuple(axes)
    np.testing.assert_allclose(mean, wide.mean(over, keepdims=keepdims), rtol=1e-6)
    # The mean is rounded before it is taken away, at the 100 that was added.
    np.testing.assert_allclose(variance, wide.var(over, keepdims=keepdims), rtol=1e-4)


def test_batch_normalization() -> None:
    rng = np.random.default_rng(0)
    x, mean, offset, scale = (rng.standard_normal(s) for s in ((4, 3), 3, 3, 3))
    variance = rng.random(3)
    expected = (x - mean) / np.sqrt(variance + 0.01)
    found = ft.nn.batch_normalization(x, mean, variance, offset, scale, 0.01)
    np.testing.assert_allclose(found, expected * scale + offset, rtol=1e-12)
    plain = ft.nn.batch_normalization(x, mean, variance, None, None, 0.01)
    np.testing.assert_allclose(plain, expected, rtol=1e-12)


@pytest.mark.parametrize("axis", [None, 0, [0, 1]])
def test_l2_normalize(axis: Any) -> None:
    x = np.random.default_rng(0).standard_normal((3, 4))
    over = tuple(axis) if isinstance(axis, list) else axis
    expected = x / np.sqrt((x**2).sum(over, keepdims=True))
    np.testing.assert_allclose(ft.nn.l2_normalize(x, axis), expected, rtol=1e-12)
    assert ft.nn.l2_normalize(np.zeros(3)).numpy().tolist() == [0, 0, 0]
