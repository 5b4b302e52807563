"""Divisions towards 0, shifts, and what only shows when a program runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet import TensorSpec
from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.ops import arithmetic
from freshet.testing import ErrorSample, PrimitiveSuite, Sample
from freshet.testing.oracles import by_element
from freshet.testing.samples import extremes

INTEGERS = [d for d in dtypes.COMPILED if d.is_integer]
SHAPES = (((), ()), ((0,), (0,)), ((17,), ()), ((3, 0, 2), (2,)), ((7, 1, 5), (33, 1)))


def quotient(x: Any, y: Any) -> Any:
    if isinstance(x, int):
        return 0 if y == 0 else abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
    return np.trunc(x / y)


def rest(x: Any, y: Any) -> Any:
    if isinstance(x, int):
        return 0 if y == 0 else x - quotient(x, y) * y
    return math.fmod(x, y) if y and math.isfinite(x) and not math.isnan(y) else math.nan


def rounded_quotient(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Divide in the dtype itself, rounding once, then take off the fraction."""
    return np.trunc(x / y) if x.dtype.kind == "f" else by_element(quotient)(x, y)


def product_unless_zero(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Multiply in float64, exact for narrower formats, and round once."""
    x, y = np.broadcast_arrays(x, y)
    found = [0.0 if b == 0 else np.float64(a) * np.float64(b)
             for a, b in zip(x.reshape(-1), y.reshape(-1), strict=True)]  # fmt: skip
    return np.asarray(found, np.float64).astype(x.dtype).reshape(x.shape)


def pairs(dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    return extremes(dtype)[:, None], extremes(dtype)


def left(bits: int) -> Any:
    return by_element(lambda x, y: x << min(max(y, 0), bits - 1))


class TestArithmetic(PrimitiveSuite):
    samples = {
        "truncatediv": [
            *(Sample(inputs=pairs(d), expected=rounded_quotient)
              for d in (*INTEGERS, dtypes.float32, dtypes.float64)),
            *(Sample(inputs=tuple(TensorSpec(s, "int32") for s in both), expected=rounded_quotient)
              for both in SHAPES),
        ],
        "truncatemod": [
            *(Sample(inputs=pairs(d), expected=by_element(rest))
              for d in (*INTEGERS, dtypes.float32, dtypes.float64)),
            *(Sample(inputs=tuple(TensorSpec(s, "int32") for s in both), expected=by_element(rest))
              for both in SHAPES),
            Sample(inputs=(np.float32([[5.3], [-7.2]]), np.float32([2.0, 3.0])),
                   expected=by_element(rest), gradient=(0, 1)),
        ],
        "multiply_no_nan": [
            *(Sample(inputs=pairs(d), expected=product_unless_zero)
              for d in (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64)),
            *(Sample(inputs=tuple(TensorSpec(s, "float32") for s in both),
                     expected=product_unless_zero)
              for both in SHAPES),
            Sample(inputs=(np.float32([[1.5], [-2]]), np.float32([0, 3])),
                   expected=product_unless_zero, gradient=(0, 1), second=True),
        ],
        "left_shift": [
            *(Sample(inputs=(extremes(d)[:, None],
                             np.array([0, 1, 3, 7, 8, 31, 63, 100], d.as_numpy_dtype)),
                     expected=left(d.bits)) for d in INTEGERS),
            Sample(inputs=(np.int32([3, -5]), np.int32([-1, -100])), expected=left(32)),
            *(Sample(inputs=(TensorSpec(a, "uint8"), TensorSpec(b, "uint8")), expected=left(8))
              for a, b in SHAPES),
        ],
    }  # fmt: skip
    errors = {
        name: [
            ErrorSample(
                inputs=(np.array([True]), np.array([True])), exception=DTypeError,
                message=rf"{name}: expected .* operands, received bool\[1\] and bool\[1\]",
            )
        ]
        for name in ("truncatediv", "truncatemod", "left_shift")
    }  # fmt: skip


@pytest.mark.parametrize("name", ["math.floordiv", "math.floormod", "truncatediv", "truncatemod"])
def test_an_integer_divided_by_zero_is_an_error_in_every_mode(name: str) -> None:
    function: Any = ft
    for part in name.split("."):
        function = getattr(function, part)
    x, y = ft.constant([4, 5, 6]), ft.constant([2, 0, 3])
    with pytest.raises(InvalidArgumentError, match="division by zero"):
        function(x, y)
    traced = ft.function(function)
    with pytest.raises(InvalidArgumentError, match=r"division by zero.*position 1"):
        traced(x, y)
    np.testing.assert_array_equal(traced(x, ft.constant([2, 2, 3])), function(x, [2, 2, 3]))


def test_an_axis_may_be_a_tensor_whose_value_is_known() -> None:
    x = ft.constant([[1.0, 2.0], [3.0, 4.0]])
    assert ft.reduce_sum(x, axis=ft.constant([0])).numpy().tolist() == [4.0, 6.0]
    assert float(ft.reduce_sum(x, axis=np.int64(1))[0]) == 3.0


def test_the_gradient_of_an_exclusive_logsumexp_passes_over_what_has_no_sum() -> None:
    x = ft.constant([0.3, 1.2, -0.7], ft.float64)
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = ft.math.cumulative_logsumexp(x, exclusive=True)[1:]
    # d/dx of x[0] and of log(exp(x[0]) + exp(x[1])).
    share = np.exp([0.3, 1.2]) / np.exp([0.3, 1.2]).sum()
    np.testing.assert_allclose(tape.gradient(y, x), [1 + share[0], share[1], 0], rtol=1e-12)


def test_leading_infinities_do_not_spoil_a_running_logsumexp() -> None:
    x = ft.constant([-np.inf, -np.inf, 1.0, 2.0])
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = ft.math.cumulative_logsumexp(x)
        finite = y[2:]
    assert y.numpy()[:3].tolist() == [-np.inf, -np.inf, 1.0]
    assert np.all(np.isfinite(tape.gradient(finite, x).numpy()))


def test_powers_of_integers_wrap_like_their_products() -> None:
    x = ft.constant([3, -7, 2], ft.int8)
    expected = np.int8([3, -7, 2]) ** np.int8(9)
    np.testing.assert_array_equal(ft.pow(x, 9), expected)
    np.testing.assert_array_equal(ft.function(lambda v: v**9)(x), expected)
    np.testing.assert_array_equal(ft.function(ft.pow)(x, ft.constant([9, 9, 9], ft.int8)), expected)


def test_saturating_casts_stick_to_the_ends_of_the_range() -> None:
    assert ft.saturate_cast([-1.0, 3.7, 300.0], ft.uint8).numpy().tolist() == [0, 3, 255]
    assert ft.saturate_cast(ft.constant([-5, 5], ft.int64), ft.uint64).numpy().tolist() == [0, 5]
    # The largest float32 below 2**31.
    assert ft.saturate_cast([1e30, -1e30], ft.int32).numpy().tolist() == [2147483520, -(2**31)]


def test_average_norms() -> None:
    from freshet.ops.clipping import clip_by_average_norm

    assert clip_by_average_norm([3.0, 4.0], 1.25).numpy().tolist() == [1.5, 2.0]
    assert clip_by_average_norm([3.0, 4.0], 100.0).numpy().tolist() == [3.0, 4.0]


def test_sums_of_several_keep_the_source_of_an_error() -> None:
    with pytest.raises(DTypeError, match=r"accumulate_n: expected float64 tensors"):
        arithmetic.accumulate_n([ft.constant([1.0])], tensor_dtype=ft.float64)
    with pytest.raises(InvalidArgumentError, match=r"accumulate_n: expected tensors of shape"):
        arithmetic.accumulate_n([ft.constant([1.0])], shape=[2])
