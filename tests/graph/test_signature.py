"""Concrete functions: what they say of their arguments, how they are called and differentiated."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import freshet as ft


def scaled(x: Any, y: Any = 2, *, k: Any = 3) -> Any:
    return {"product": x * y, "k": k}


class TestWhatTheySay:
    def test_structures(self) -> None:
        concrete = ft.function(scaled).get_concrete_function(ft.TensorSpec([None], name="inp"), 3)
        args, kwargs = concrete.structured_input_signature
        assert args == (ft.TensorSpec([None], name="inp"), 3)
        assert kwargs == {"k": 3}
        assert concrete.structured_outputs == {
            "product": ft.TensorSpec([None]), "k": ft.TensorSpec([], ft.int32),
        }  # fmt: skip
        assert concrete.output_dtypes == {"product": ft.float32, "k": ft.int32}
        assert concrete.output_shapes["product"] == [None]
        assert concrete.captured_inputs == []

    def test_text(self) -> None:
        v = ft.Variable([1.0, 2.0], name="w")
        f = ft.function(lambda x, flag=None: x + v)
        concrete = f.get_concrete_function(ft.TensorSpec([2]))
        assert concrete.pretty_printed_signature() == (
            "Input Parameters:\n"
            "  x (POSITIONAL_OR_KEYWORD): TensorSpec(shape=(2,), dtype=ft.float32, name=None)\n"
            "  flag (POSITIONAL_OR_KEYWORD): Literal[None]\n"
            "Output Type:\n"
            "  TensorSpec(shape=(2,), dtype=ft.float32, name=None)\n"
            "Captures:\n"
            "  w: f32[2]"
        )
        f(ft.constant([1.0]))
        text = f.pretty_printed_concrete_signatures()
        assert text.count("Input Parameters") == 2
        assert concrete.captured_inputs[0] is v


class TestCalls:
    def test_by_position_and_by_name(self) -> None:
        concrete = ft.function(scaled).get_concrete_function(ft.TensorSpec([None], name="inp"), 3)
        x = ft.constant([1.0, 2.0])
        for found in (
            concrete(x), concrete(x=x), concrete(inp=x), concrete(x, 3), concrete(x, y=3, k=3),
            concrete([1.0, 2.0]),
        ):  # fmt: skip
            np.testing.assert_array_equal(found["product"], [3, 6])

    def test_structures_and_any_number(self) -> None:
        f = ft.function(lambda d, *rest, **named: d["a"] + rest[0] * named["last"])
        one = ft.constant(1.0)
        concrete = f.get_concrete_function({"a": one}, one, last=one)
        assert float(concrete({"a": 2.0}, 3.0, last=5.0)) == 17
        assert float(concrete(ft.constant(2.0), ft.constant(3.0), ft.constant(5.0))) == 17

    @pytest.mark.parametrize(
        ("args", "kwargs", "message"),
        [
            ((), {}, "the argument 'x' is missing"),
            (([1.0], 4), {}, "argument 'y' was traced as 3, received 4"),
            (([1.0],), {"z": 1}, "has no argument 'z'"),
            (([1.0], 3, 3), {}, "takes 2 positional arguments, received 3"),
            ((ft.constant([1]),), {}, r"argument 0 must be f32\[\?\], received i32\[1\]"),
        ],
    )
    def test_what_does_not_fit(self, args: Any, kwargs: Any, message: str) -> None:
        concrete = ft.function(scaled).get_concrete_function(ft.TensorSpec([None]), 3)
        for kind in (TypeError, ValueError):
            with pytest.raises(kind, match=message):
                concrete(*args, **kwargs)

    def test_within_another_traced_function(self) -> None:
        v = ft.Variable(1.0)

        @ft.function
        def inner(x: Any) -> Any:
            v.assign_add(x)
            return x * v

        concrete = inner.get_concrete_function(ft.TensorSpec([]))
        outer = ft.function(lambda x: concrete(x) + concrete(x))
        assert float(outer(ft.constant(2.0))) == 2 * 3 + 2 * 5
        assert float(v) == 5

        x = ft.constant(2.0)
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = outer(x)
        assert float(tape.gradient(y, x)) == 7 + 9


class TestDerivatives:
    def test_to_the_third_order_from_outside(self) -> None:
        f = ft.function(lambda x: x**5)
        x = ft.constant(2.0, ft.float64)
        with ft.GradientTape() as t3:
            t3.watch(x)
            with ft.GradientTape() as t2:
                t2.watch(x)
                with ft.GradientTape() as t1:
                    t1.watch(x)
                    y = f(x)
                first = t1.gradient(y, x)
            second = t2.gradient(first, x)
        assert [float(t) for t in (first, second, t3.gradient(second, x))] == [80, 160, 240]

    def test_higher_derivatives_are_compiled_once(self) -> None:
        calls = []

        @ft.function
        def f(x: Any) -> Any:
            calls.append(1)
            return ft.sin(x) * x

        x = ft.constant([0.5, 1.5], ft.float64)
        for _ in range(3):
            with ft.GradientTape() as outer:
                outer.watch(x)
                with ft.GradientTape() as inner:
                    inner.watch(x)
                    y = f(x)
                slope = inner.gradient(y, x)
            found = outer.gradient(slope, x)
        np.testing.assert_allclose(found, 2 * np.cos(x) - x.numpy() * np.sin(x), rtol=1e-12)
        concrete = f.get_concrete_function(x)
        assert len(calls) == 1
        assert len(concrete._derived) == 1

    def test_what_no_tape_follows_is_not_recorded(self) -> None:
        f = ft.function(lambda x: x * 2)
        with ft.GradientTape() as tape:
            f(ft.constant(1.0))
        assert tape._records == []
        assert f.get_concrete_function(ft.constant(1.0))._splits == {}


class TestMethods:
    def test_an_object_is_not_kept_alive(self) -> None:
        class Model:
            @ft.function
            def call(self, x: Any) -> Any:
                return x + 1

        model = Model()
        assert float(model.call(ft.constant(1.0))) == 2
        assert model.call is model.call
        place = weakref.ref(model)
        del model
        gc.collect()
        assert place() is None
        assert Model.call._bound == {}

    def test_objects_without_a_hash_or_weak_references(self) -> None:
        @dataclass
        class Point:
            x: float

            @ft.function
            def scaled(self, by: Any) -> Any:
                return by * self.x

        class Slotted:
            __slots__ = ("x",)

            @ft.function
            def scaled(self, by: Any) -> Any:
                return by * self.x

        slotted = Slotted()
        slotted.x = 5.0
        two = ft.constant(2.0)
        assert [float(p.scaled(two)) for p in (Point(3.0), Point(4.0), slotted)] == [6, 8, 10]

    def test_threads_trace_once(self) -> None:
        calls = []

        class Model:
            @ft.function
            def call(self, x: Any) -> Any:
                calls.append(1)
                return x + 1

        model, found = Model(), []
        run = lambda: found.append(float(model.call(ft.constant(1.0))))  # noqa: E731
        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [2] * 4
        assert len(calls) == 1


class TestRetracing:
    def test_a_warning_says_what_changed(self, caplog: pytest.LogCaptureFixture) -> None:
        f = ft.function(lambda x, n: x * n)
        with caplog.at_level(logging.WARNING, "freshet"):
            for n in range(8):
                f(ft.constant(2), n)
        assert len(caplog.records) == 2
        text = caplog.records[0].getMessage()
        assert "was traced in 5 of its last 5 calls" in text
        assert "argument 1 was 4 instead of 3" in text

    def test_a_shape_that_changes(self, caplog: pytest.LogCaptureFixture) -> None:
        f = ft.function(lambda x: x * 2)
        with caplog.at_level(logging.WARNING, "freshet"):
            for n in range(5):
                f(ft.ones([n, 2]))
        assert "argument 0 was f32[4,2] instead of f32[3,2]" in caplog.records[0].getMessage()

    def test_a_function_that_is_made_again_and_again(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def f(x: Any) -> Any:
            return x + 1

        with caplog.at_level(logging.WARNING, "freshet"):
            for _ in range(5):
                ft.function(f)(ft.constant(1))
        assert "Each ft.function(...) has traces of its own" in caplog.records[0].getMessage()

    def test_no_warning_where_most_calls_run(self, caplog: pytest.LogCaptureFixture) -> None:
        f = ft.function(lambda x: x * 2)
        with caplog.at_level(logging.WARNING, "freshet"):
            for n in range(8):
                for _ in range(5):
                    f(ft.ones([n]))
        assert caplog.records == []


class TestArguments:
    def test_those_of_tensorflow_are_accepted_others_are_not(self) -> None:
        f = ft.function(experimental_relax_shapes=True, experimental_compile=False)(lambda x: x)
        assert f._reduce_retracing
        with pytest.raises(TypeError, match="no argument 'jit_complie'"):
            ft.function(lambda x: x, jit_complie=True)

    def test_a_function_that_calls_itself(self) -> None:
        @ft.function
        def factorial(n: int) -> Any:
            return ft.constant(1) if n == 0 else factorial(n - 1) * n

        assert int(factorial(5)) == 120
