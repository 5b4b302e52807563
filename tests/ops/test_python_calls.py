"""Python in the middle of a compiled program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft


def both(function: Any, *args: Any) -> list[Any]:
    return [function(*args), ft.function(function)(*args)]


def test_numpy_sees_arrays_and_gives_arrays() -> None:
    seen: list[Any] = []

    def reverse(x: np.ndarray, n: np.int32) -> Any:
        seen.append((type(x), type(n)))
        return x[::-1], x.sum() + np.float32(n)

    def f(x: ft.Tensor) -> Any:
        y, total = ft.numpy_function(reverse, [x, 1], (ft.float32, ft.float32))
        y.set_shape([3])
        total.set_shape([])
        return y * total

    for found in both(f, ft.constant([1.0, 2.0, 3.0])):
        assert found.numpy().tolist() == [21.0, 14.0, 7.0]
    assert seen == [(np.ndarray, np.int32)] * 2


def test_python_sees_tensors_and_is_differentiated() -> None:
    def cube(x: ft.Tensor) -> ft.Tensor:
        assert ft.executing_eagerly()
        return x**3 if float(x) > 0 else -x  # eager, so Python decides

    def f(x: ft.Tensor) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = ft.py_function(cube, [x], ft.float32)
            y.set_shape([])
            z = 2.0 * y
        return z, tape.gradient(z, x)

    for value, wanted in ((2.0, (16.0, 24.0)), (-1.0, (2.0, -2.0))):
        for found in both(f, ft.constant(value)):
            assert tuple(float(t) for t in found) == wanted


def test_sizes_that_python_decides_are_compiled_for_when_they_come_out() -> None:
    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        kept = ft.numpy_function(lambda a: a[a > 0], [x], ft.float32)
        kept.set_shape([None])
        return ft.reduce_sum(ft.exp(kept)) / ft.cast(ft.size(kept), ft.float32)

    for values in ([1.0, -1.0, 2.0], [-1.0, 0.5, -3.0], [1.0, 1.0, 1.0]):
        x = np.float32(values)
        np.testing.assert_allclose(f(ft.constant(x)), np.exp(x[x > 0]).mean(), rtol=1e-6)


def test_calls_keep_their_order_and_run_once_each_time() -> None:
    calls: list[str] = []

    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        ft.numpy_function(lambda a: calls.append("first"), [x], [])
        y = ft.numpy_function(lambda a: (calls.append("second"), a)[1], [x], ft.float32)
        ft.py_function(lambda a: calls.append("third"), [x], [])
        return y

    for _ in range(2):
        f(ft.constant(1.0))
    assert calls == ["first", "second", "third"] * 2


def test_a_rank_must_be_said_before_it_is_used() -> None:
    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        return ft.numpy_function(lambda a: a, [x], ft.float32) + 1.0

    with pytest.raises(ft.errors.InvalidArgumentError, match=r"add: received f32\[\*\].*set_shape"):
        f(ft.constant(1.0))


def test_conditions_and_tensor_arrays_suppose_a_scalar() -> None:
    @ft.function
    def f(x: ft.Tensor) -> tuple[ft.Tensor, ft.Tensor]:
        array = ft.TensorArray(ft.float32, size=0, dynamic_size=True)
        for i in ft.range(9):
            total, done = ft.numpy_function(
                lambda a, i: (a + i, np.int32(i > 2)), [x, ft.cast(i, ft.float32)],
                [ft.float32, ft.int32],
            )  # fmt: skip
            array = array.write(i, total)
            if ft.cast(done, ft.bool):
                break
        above = ft.numpy_function(lambda a: a > 1, [x], ft.bool)
        return array.stack(), 1 if above else 2

    found, above = f(ft.constant(0.5))
    assert (found.numpy().tolist(), int(above)) == ([0.5, 1.5, 2.5, 3.5], 2)
    with pytest.raises(ft.errors.InvalidArgumentError, match=r"result 0 is .*f32\[2\].*set_shape"):
        f(ft.constant([0.5, 1.0]))


@pytest.mark.parametrize("call", [ft.numpy_function, ft.py_function])
def test_broken_promises_are_errors(call: Any) -> None:
    with pytest.raises(ft.errors.InvalidArgumentError, match="promises int32"):
        call(lambda x: x, [ft.constant(1.5)], ft.int32)
    with pytest.raises(ft.errors.InvalidArgumentError, match="promises 2 results"):
        call(lambda x: x, [ft.constant(1.5)], [ft.float32, ft.float32])
    with pytest.raises(TypeError, match="func must be a function"):
        call(3, [1.0], ft.float32)
    with pytest.raises(TypeError, match="Tout must be dtypes"):
        call(lambda x: x, [1.0], "floaty")


def test_an_error_in_the_function_comes_through() -> None:
    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        return ft.numpy_function(lambda a: 1 / 0, [x], ft.float32)

    with pytest.raises(ZeroDivisionError):
        f(ft.constant(1.0))


def test_they_are_decorators() -> None:
    @ft.numpy_function(Tout=[ft.float32, ft.int32])
    def halves(x: np.ndarray, *, of: np.ndarray) -> Any:
        """Return halves."""
        assert isinstance(x, np.ndarray)
        return np.float32(x / 2), np.int32(of // 2)

    @ft.py_function(Tout=ft.float32)
    def largest(values: dict[str, ft.Tensor]) -> ft.Tensor:
        return values["a"] if values["a"] > values["b"] else values["b"]

    def f(x: ft.Tensor, n: ft.Tensor) -> Any:
        half, whole = halves(ft.reshape(x, [1]), of=n)
        half.set_shape([1])
        return half, whole, largest({"a": x, "b": half[0]})

    for half, whole, most in both(f, ft.constant(-3.0), ft.constant(7)):
        assert half.numpy().tolist() == [-1.5]
        assert (int(whole), float(most)) == (3, -1.5)
    assert (halves.__name__, halves.__doc__) == ("halves", "Return halves.")
    with pytest.raises(ft.errors.InvalidArgumentError, match="py_function: func is missing"):
        ft.py_function(inp=[1.0], Tout=ft.float32)
