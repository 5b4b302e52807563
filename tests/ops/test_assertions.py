"""Assertions inside traced functions: what they stop, what they say, what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import InvalidArgumentError

X = ft.constant([1.0, 2.0, 3.0])


def test_a_failed_assertion_leaves_variables_as_they_were() -> None:
    v = ft.Variable([1.0, 1.0, 1.0])

    @ft.function
    def step(x: ft.Tensor) -> ft.Tensor:
        v.assign_add(x)
        ft.debugging.assert_less(v * 2.0, x * x + 5.0, message="too large")
        return v + 0.0

    step(X)
    before = v.numpy()
    with pytest.raises(InvalidArgumentError) as caught:
        step(X * 0.0)
    np.testing.assert_array_equal(v.numpy(), before)
    assert "too large" in str(caught.value)
    assert "x is [6.0, 8.0] there" in str(caught.value)
    assert "y is [5.0, 5.0] there" in str(caught.value)
    assert "ft.debugging.assert_less" in str(caught.value), "the line that asserts"


def test_the_program_stays_in_one_piece() -> None:
    @ft.function
    def checked(x: ft.Tensor) -> ft.Tensor:
        ft.debugging.Assert(ft.reduce_all(x > 0.0), ["not positive:", x])
        ft.debugging.assert_near(x, x)
        return ft.debugging.check_numerics(x * 2.0, "doubled")

    np.testing.assert_array_equal(checked(X), [2, 4, 6])
    with pytest.raises(InvalidArgumentError, match=r"not positive:\n-1\.0, -2\.0, -3\.0"):
        checked(-X)
    with pytest.raises(InvalidArgumentError, match="doubled : Tensor had Inf"):
        checked(X * np.float32(1e38))
    explained = str(checked.get_concrete_function(X).graph)
    assert explained.count("assert(") == 2


def test_what_is_known_fails_while_tracing() -> None:
    @ft.function
    def wrong(x: ft.Tensor) -> ft.Tensor:
        ft.debugging.assert_equal(ft.shape(x)[0] - 1, 3)
        return x

    with pytest.raises(InvalidArgumentError, match=r"x is \[2\] there"):
        wrong.get_concrete_function(X)


def test_sizes_that_only_the_run_knows() -> None:
    @ft.function(input_signature=[ft.TensorSpec([None, None])])
    def square(x: ft.Tensor) -> ft.Tensor:
        ft.debugging.assert_shapes([(x, ("N", "N"))], message="not square")
        return x

    assert square(ft.eye(3)).shape == (3, 3)
    with pytest.raises(InvalidArgumentError, match="not square"):
        square(ft.zeros([2, 3]))


def test_settings() -> None:
    assert ft.debugging.is_traceback_filtering_enabled()
    ft.debugging.disable_traceback_filtering()
    assert not ft.debugging.is_traceback_filtering_enabled()
    ft.debugging.enable_traceback_filtering()
    ft.debugging.set_log_device_placement(True)
    assert not ft.debugging.get_log_device_placement()
    assert ft.is_symbolic_tensor(X) is False


def test_every_operation_can_be_watched() -> None:
    def run(x: ft.Tensor) -> ft.Tensor:
        i = ft.constant(0)
        while i < 2:
            x = x * 2.0
            i += 1
        return ft.math.log(x)

    ft.debugging.enable_check_numerics()
    try:
        watched = ft.function(run)
        np.testing.assert_allclose(watched(X), np.log(4 * X.numpy()), rtol=1e-6)
        with pytest.raises(InvalidArgumentError, match="output 0 of log : Tensor had Inf"):
            watched(X - 1.0)
        with pytest.raises(InvalidArgumentError, match="output 0 of divide : Tensor had NaN"):
            ft.constant(0.0) / ft.constant(0.0)
        with ft.GradientTape() as tape:
            tape.watch(X)
            y = ft.sqrt(X - 1.0)
        with pytest.raises(InvalidArgumentError, match="Inf"):
            tape.gradient(y, X)
    finally:
        ft.debugging.disable_check_numerics()
    assert np.isinf(run(X - 1.0).numpy()[0])


def test_groups_and_specs() -> None:
    assert ft.no_op() is None
    assert ft.group(X, X) is None
    first, none = ft.tuple([X, None])
    assert first is X
    assert none is None
    assert ft.newaxis is None
    assert ft.type_spec_from_value(X) == ft.TensorSpec([3])
    sparse = ft.SparseTensor([[0, 0]], [1], [1, 2])
    assert ft.type_spec_from_value(sparse).shape == [1, 2]
    assert ft.dtypes.as_dtype("half") is ft.dtypes.float16
    assert ft.dtypes.saturate_cast([300], "uint8").numpy().tolist() == [255]
