"""`ft.function`: when it traces, what it is given and returns, state, gradients, errors."""

from __future__ import annotations

import functools
import gc
import re
import weakref
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.config import config

Pair = namedtuple("Pair", ["a", "b"])


class Traces:
    """A Python function that counts how often its body runs."""

    def __init__(self, body: Callable[..., Any]) -> None:
        self.count = 0
        self._body = body

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.count += 1
        return self._body(*args, **kwargs)


@pytest.fixture
def eagerly() -> Any:
    ft.config.run_functions_eagerly(True)
    yield
    ft.config.run_functions_eagerly(False)


def line_of(function: Callable[..., Any], offset: int) -> int:
    return function.__code__.co_firstlineno + offset


class TestSignatures:
    def test_one_trace_per_shape_and_dtype(self) -> None:
        body = Traces(lambda x: x + x)
        f = ft.function(body)
        for value in ([1, 2], [3, 4], [1, 2, 3], [1.0, 2.0], [[1, 2]]):
            np.testing.assert_array_equal(f(ft.constant(value)), 2 * np.array(value))
        assert body.count == 4
        assert f.experimental_get_tracing_count() == 4

    def test_python_arguments_count_by_value_and_type(self) -> None:
        body = Traces(lambda x, n: x * n)
        f = ft.function(body)
        x = ft.constant(3)
        assert [int(f(x, n)) for n in (2, 2, 5, 2)] == [6, 6, 15, 6]
        assert body.count == 2
        seen = ft.function(lambda kind: type(kind).__name__)
        assert [seen(v).numpy() for v in (1, True, 1.0)] == [b"int", b"bool", b"float"]

    def test_numpy_arrays_count_as_tensors(self) -> None:
        body = Traces(lambda x: x * 2)
        f = ft.function(body)
        for value in (np.float32([1, 2]), np.float32([3, 4]), ft.constant([5.0, 6.0])):
            np.testing.assert_array_equal(f(value), 2 * np.asarray(value))
        assert f(np.float64([1.5, 2])).dtype == ft.float64
        assert f(np.float32(4)).shape == ()
        assert body.count == 3

    def test_a_default_that_is_a_tensor(self) -> None:
        three = ft.constant(3.0)

        @ft.function
        def f(x: ft.Tensor, y: ft.Tensor = three) -> ft.Tensor:
            return x * y

        for _ in range(2):
            assert f(ft.constant(2.0)).numpy() == 6.0
            assert f(ft.constant(2.0), ft.constant(1.0)).numpy() == 2.0

    def test_a_default_a_position_and_a_keyword_are_one_argument(self) -> None:
        count = 0

        def plain(x: ft.Tensor, scale: int = 2, *, shift: int = 0) -> ft.Tensor:
            nonlocal count
            count += 1
            return x * scale + shift

        f = ft.function(plain)
        x = ft.constant(5)
        results = [f(x), f(x, 2), f(x, scale=2), f(scale=2, x=x), f(x, shift=0)]
        assert [int(r) for r in results] == [10] * 5
        assert count == 1
        assert int(f(x, shift=1)) == 11

    def test_wrong_arguments_are_the_type_error_that_python_gives(self) -> None:
        f = ft.function(lambda x, y: x + y)
        for call in (lambda: f(1), lambda: f(1, 2, 3), lambda: f(1, z=2)):
            with pytest.raises(TypeError, match="argument"):
                call()

    def test_any_number_of_arguments(self) -> None:
        f = ft.function(lambda *xs, **named: sum(xs) + named["last"])
        assert float(f(ft.constant(1.0), 2.0, last=ft.constant(4.0))) == 7
        assert float(f(ft.constant(1.0), last=ft.constant(4.0))) == 5

    def test_structures_of_tensors(self) -> None:
        body = Traces(lambda d: d["a"][0] - d["b"].b)
        f = ft.function(body)
        one, two = ft.constant(1), ft.constant(2)
        assert int(f({"a": [two, one], "b": Pair(one, one)})) == 1
        assert int(f({"b": Pair(two, one), "a": [one, one]})) == 0
        assert body.count == 1
        assert int(f({"a": (two, one), "b": Pair(one, one)})) == 1
        assert body.count == 2

    def test_objects_that_cannot_be_hashed_count_by_identity(self) -> None:
        f = ft.function(lambda x, s: x + sum(s))
        # Each set may be made where the last one was in memory.
        assert [int(f(ft.constant(0), {n})) for n in range(20)] == list(range(20))

    def test_variables_count_by_identity(self) -> None:
        body = Traces(lambda v: v * 2)
        f = ft.function(body)
        v, w = ft.Variable(1.0), ft.Variable(2.0)
        assert [float(f(x)) for x in (v, w, v)] == [2, 4, 2]
        assert body.count == 2
        for n in range(20):
            assert float(f(ft.Variable(float(n)))) == 2 * n
            gc.collect()

    def test_python_runs_only_while_tracing(self) -> None:
        seen: list[Any] = []

        @ft.function
        def f(x: ft.Tensor) -> ft.Tensor:
            seen.append(x)
            return x + 1

        for n in range(3):
            assert int(f(ft.constant(n))) == n + 1
        assert len(seen) == 1
        assert "shape=()" in repr(seen[0])

    def test_retracing_can_be_reduced(self) -> None:
        body = Traces(lambda x: ft.reduce_sum(x, axis=0))
        f = ft.function(body, reduce_retracing=True)
        for n in (2, 3, 4, 7):
            np.testing.assert_array_equal(f(np.ones([n, 3], np.float32)), [n] * 3)
        assert body.count == 2


class TestInputSignature:
    def test_unknown_sizes_need_one_trace(self) -> None:
        body = Traces(lambda x: x / ft.cast(ft.shape(x)[0], ft.float32))
        f = ft.function(body, input_signature=[ft.TensorSpec([None])])
        for n in (1, 2, 5):
            x = np.arange(n, dtype=np.float32)
            np.testing.assert_array_equal(f(x), x / np.float32(n))
        assert body.count == 1

    def test_lists_numbers_and_variables_become_the_tensors(self) -> None:
        specs = [ft.TensorSpec([None]), ft.TensorSpec([])]
        f = ft.function(lambda x, y: x * y, input_signature=specs)
        np.testing.assert_array_equal(f([1, 2], 3), [3, 6])
        np.testing.assert_array_equal(f(ft.Variable([1.0, 2.0]), y=np.float64(3)), [3, 6])
        np.testing.assert_array_equal(f(y=2.0, x=[1.0]), [2])
        assert f.experimental_get_tracing_count() == 1

    def test_structures(self) -> None:
        spec = {"x": ft.TensorSpec([None]), "y": (ft.TensorSpec([]),)}
        f = ft.function(lambda d: d["x"] * d["y"][0], input_signature=[spec])
        np.testing.assert_array_equal(f({"x": ft.constant([1.0, 2.0]), "y": (3.0,)}), [3, 6])
        with pytest.raises(ValueError, match="structures differ"):
            f({"x": [1.0, 2.0]})

    def test_arguments_with_defaults_may_be_left_out(self) -> None:
        @ft.function(input_signature=[ft.TensorSpec([None])])
        def f(x: ft.Tensor, training: bool = False) -> ft.Tensor:
            return x * 2 if training else x

        np.testing.assert_array_equal(f([1.0]), [1])
        np.testing.assert_array_equal(f([1.0], training=True), [2])

    @pytest.mark.parametrize(
        ("value", "error", "message"),
        [
            (ft.constant([1]), TypeError, r"f: argument 0 must be f32\[\?\], received i32\[1\]"),
            (ft.constant([[1.0]]), ValueError, r"must be f32\[\?\], received f32\[1,1\]"),
            ([1j], ValueError, r"must be f32\[\?\], received c128\[1\]"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, value: Any, error: Any, message: str) -> None:
        def f(x: ft.Tensor) -> ft.Tensor:
            return x

        with pytest.raises(error, match=message):
            ft.function(f, input_signature=[ft.TensorSpec([None])])(value)

    def test_too_many_tensors_are_refused(self) -> None:
        f = ft.function(lambda *xs: xs[0], input_signature=[ft.TensorSpec([])])
        with pytest.raises(ft.errors.InvalidArgumentError, match="has 1 arguments, received 2"):
            f(1.0, ft.constant(2.0))

    def test_it_holds_inside_another_function_too(self) -> None:
        inner = ft.function(lambda x: x.dtype.name, input_signature=[ft.TensorSpec([])])
        assert ft.function(lambda: inner(3))().numpy() == b"float32"


class TestResults:
    @pytest.mark.parametrize(
        "make",
        [
            lambda x: None,
            lambda x: x,
            lambda x: (x, x + 1),
            lambda x: [x, None, (x * 2,)],
            lambda x: {"b": x, "a": {"c": [x + 1]}},
            lambda x: Pair(x, {"y": x}),
            lambda x: (),
        ],
    )
    def test_results_nest_as_in_python(self, make: Callable[..., Any]) -> None:
        x = ft.constant([1, 2])
        expected, actual = make(x), ft.function(make)(x)
        ft.nest.assert_same_structure(actual, expected)
        assert type(actual) is type(expected)
        for a, b in zip(ft.nest.flatten(actual), ft.nest.flatten(expected), strict=True):
            assert (a is None) == (b is None)
            if b is not None:
                np.testing.assert_array_equal(a, b)

    def test_numbers_arrays_and_variables_come_out_as_tensors(self) -> None:
        v = ft.Variable(4.0)
        found = ft.function(lambda: [1, 2.5, True, np.int64([3]), v, "text"])()
        assert [t.dtype.name for t in found] == [
            "int32", "float32", "bool", "int64", "float32", "string",
        ]  # fmt: skip
        values = [1, 2.5, True, [3], 4, b"text"]
        assert [np.asarray(t).tolist() for t in found] == values
        assert all(isinstance(t, ft.Tensor) for t in found)

    def test_strings_go_through(self) -> None:
        f = ft.function(lambda s, x: (s, x + 1))
        text, number = f(ft.constant(["a", "b"]), ft.constant(1))
        assert text.numpy().tolist() == [b"a", b"b"]
        assert int(number) == 2

    def test_a_result_does_not_share_memory_with_an_argument(self) -> None:
        v = ft.Variable([1.0, 2.0])
        x = ft.constant([5.0, 6.0])
        same, also, held = ft.function(lambda x: (x, x, v))(x)
        v.assign([7.0, 8.0])
        ft.function(lambda: v.assign_add([1.0, 1.0]))()
        for actual, expected in ((same, [5, 6]), (also, [5, 6]), (held, [1, 2]), (v, [8, 9])):
            np.testing.assert_array_equal(actual, expected)


class TestVariables:
    def test_they_are_read_at_every_call(self) -> None:
        v = ft.Variable(1.0)
        f = ft.function(lambda x: x * v)
        assert float(f(ft.constant(2.0))) == 2
        v.assign(5.0)
        assert float(f(ft.constant(2.0))) == 10
        assert f.get_concrete_function(ft.constant(2.0)).captured_variables == (v,)

    @pytest.mark.parametrize("backend", ["native", "numpy"])
    def test_reads_and_writes_keep_their_order(self, backend: str) -> None:
        def program(v: ft.Variable, w: ft.Variable, x: ft.Tensor) -> Any:
            before = v.value()
            v.assign(v + x)
            middle = v * 1.0
            w.assign(v * 10.0)
            v.assign_sub(w)
            return before, middle, v.value(), w + 0.0

        config.backend = backend
        pairs = [(ft.Variable([1.0, 2.0]), ft.Variable([0.0, 0.0])) for _ in range(2)]
        f = ft.function(program)
        for _ in range(3):
            x = ft.constant([0.5, -3.0])
            eager, traced = program(*pairs[0], x), f(*pairs[1], x)
            for a, b in zip([*eager, *pairs[0]], [*traced, *pairs[1]], strict=True):
                np.testing.assert_array_equal(a, b)

    def test_two_variables_swap(self) -> None:
        v, w = ft.Variable([1.0] * 5), ft.Variable([2.0] * 5)

        @ft.function
        def swap() -> None:
            old = v.value()
            v.assign(w)
            w.assign(old)

        for expected in (2, 1, 2):
            swap()
            np.testing.assert_array_equal(v, [expected] * 5)
            np.testing.assert_array_equal(w, [3 - expected] * 5)

    def test_a_variable_made_once_keeps_its_state(self) -> None:
        class Counter:
            def __init__(self) -> None:
                self.total: ft.Variable | None = None

            @ft.function
            def add(self, x: ft.Tensor) -> ft.Tensor:
                if self.total is None:
                    self.total = ft.Variable(10.0)
                return self.total.assign_add(x)

        one, two = Counter(), Counter()
        assert [float(one.add(x)) for x in (1.0, 2.0, ft.constant(4.0))] == [11, 13, 17]
        assert float(two.add(1.0)) == 11

    def test_a_variable_made_in_every_trace_is_refused_at_once(self) -> None:
        f = ft.function(lambda: ft.Variable(1.0).assign_add(1.0))
        with pytest.raises(ValueError, match="variable was made while tracing for the second time"):
            f()

    def test_the_first_value_may_not_depend_on_an_argument(self) -> None:
        f = ft.function(lambda x: ft.Variable(x * 2))
        with pytest.raises(ft.errors.FailedPreconditionError, match="may not depend on"):
            f(ft.constant(1.0))

    def test_a_value_that_needs_more_memory_replaces_it(self) -> None:
        v = ft.Variable([1.0, 2.0], shape=[None])
        grow = ft.function(lambda: v.assign(ft.concat([v, [9.0]], 0)))
        for n in range(1, 4):
            np.testing.assert_array_equal(grow(), [1, 2] + [9] * n)
            np.testing.assert_array_equal(v, [1, 2] + [9] * n)

    @pytest.mark.parametrize("backend", ["native", "numpy"])
    def test_a_value_of_another_shape_is_refused_when_it_comes(self, backend: str) -> None:
        config.backend = backend
        v = ft.Variable([1.0, 2.0])
        f = ft.function(v.assign, input_signature=[ft.TensorSpec([None])])
        f([3.0, 4.0])
        with pytest.raises(ValueError, match=r"variable 'Variable:0' has shape \(2,\), received"):
            f([5.0, 6.0, 7.0])
        np.testing.assert_array_equal(v, [3, 4])

    @pytest.mark.parametrize("use", [lambda v: v.numpy(), np.asarray, float, bool])
    def test_their_value_is_not_known_while_tracing(self, use: Callable[..., Any]) -> None:
        v = ft.Variable(1.0)
        with pytest.raises(ft.errors.FailedPreconditionError, match="known only when the traced"):
            ft.function(lambda: use(v), autograph=False)()


class TestPythonForms:
    def test_methods_trace_per_object(self) -> None:
        class Scale:
            def __init__(self, by: int) -> None:
                self.by = by

            @ft.function
            def call(self, x: ft.Tensor) -> ft.Tensor:
                return x * self.by

        two, three = Scale(2), Scale(3)
        assert [int(s.call(ft.constant(5))) for s in (two, three, two)] == [10, 15, 10]
        assert two.call.experimental_get_tracing_count() == 1
        with pytest.raises(ft.errors.FailedPreconditionError, match=r"call: the object .* is gone"):
            Scale(4).call(ft.constant(1))

    def test_an_object_with_traced_methods_is_not_kept_alive(self) -> None:
        class Owner:
            @ft.function
            def call(self, x: ft.Tensor) -> ft.Tensor:
                return x + 1

        owner = Owner()
        owner.call(ft.constant(1))
        ended: list[bool] = []
        weakref.finalize(owner, ended.append, True)
        del owner
        gc.collect()
        assert ended == [True]

    def test_lambdas_partials_and_callable_objects(self) -> None:
        class Double:
            def __call__(self, x: ft.Tensor) -> ft.Tensor:
                return x * 2

        def power(base: int, x: ft.Tensor) -> ft.Tensor:
            return x * base

        for function in (lambda x: x * 2, functools.partial(power, 2), Double()):
            assert int(ft.function(function)(ft.constant(4))) == 8

    def test_the_python_function_and_its_documentation_stay(self) -> None:
        def f(x: Any) -> Any:
            """Return x."""
            return x

        traced = ft.function(f)
        assert traced.python_function is f
        assert traced.__doc__ == "Return x."
        assert traced.__name__ == "f"

    def test_functions_call_functions(self) -> None:
        v = ft.Variable(0.0)

        @ft.function
        def inner(x: ft.Tensor) -> ft.Tensor:
            v.assign_add(x)
            return x * v

        @ft.function
        def outer(x: ft.Tensor) -> ft.Tensor:
            return inner(x) + inner(x)

        assert float(outer(ft.constant(2.0))) == 2 * 2 + 2 * 4
        assert float(v) == 4
        assert inner.experimental_get_tracing_count() == 0

    def test_a_numpy_argument_of_an_inner_function_is_a_tensor(self) -> None:
        inner = ft.function(lambda x: x / 2)
        found = ft.function(lambda: inner(np.int32([3])))()
        assert found.dtype == inner(np.int32([3])).dtype == ft.float64
        assert found.numpy().tolist() == [1.5]

    def test_functions_run_as_python_on_request(self, eagerly: None) -> None:
        body = Traces(lambda x: float(x) * 2)
        f = ft.function(body)
        assert [f(ft.constant(2.0)), f(ft.constant(3.0))] == [4, 6]
        assert body.count == 2
        assert ft.config.functions_run_eagerly()

    def test_init_scope_runs_eagerly(self) -> None:
        def f(x: ft.Tensor) -> ft.Tensor:
            assert not ft.executing_eagerly()
            with ft.init_scope():
                assert ft.executing_eagerly()
                three = (ft.constant(1) + 2).numpy()
            return x * int(three)

        assert int(ft.function(f)(ft.constant(2))) == 6


class TestConcreteFunctions:
    def test_a_spec_stands_for_any_such_tensor(self) -> None:
        f = ft.function(lambda x, n: (x * n, ft.reduce_sum(x)))
        concrete = f.get_concrete_function(ft.TensorSpec([None, 2]), 3)
        assert [str(s.type) for s in concrete.inputs] == ["f32[?,2]"]
        assert [str(s.type) for s in concrete.outputs] == ["f32[?,2]", "f32[]"]
        scaled, total = concrete(np.ones([4, 2], np.float32))
        np.testing.assert_array_equal(scaled, 3 * np.ones([4, 2]))
        assert float(total) == 8
        assert f.get_concrete_function(ft.TensorSpec([None, 2]), 3) is concrete

    def test_it_has_the_variables(self) -> None:
        v, w = ft.Variable(1.0), ft.Variable(2.0, trainable=False)
        concrete = ft.function(lambda: v * w).get_concrete_function()
        assert concrete.variables == (v, w)
        assert concrete.trainable_variables == (v,)

    def test_the_signature_is_the_default(self) -> None:
        f = ft.function(lambda x: x + 1, input_signature=[ft.TensorSpec([None], ft.int32)])
        np.testing.assert_array_equal(f.get_concrete_function()(np.int32([1, 2])), [2, 3])

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((), "f: the argument 'x' is missing; it was traced for"),
            (([1.0, 2.0], 1), "takes 1 positional arguments, received 2"),
            ((ft.ones([3]),), r"f: argument 0 must be f32\[2\], received f32\[3\]"),
            ((ft.ones([2, 2]),), r"must be f32\[2\], received f32\[2,2\]"),
            ((ft.constant([1, 2]),), r"must be f32\[2\], received i32\[2\]"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, arguments: Any, message: str) -> None:
        def f(x: ft.Tensor) -> ft.Tensor:
            return x + ft.ones(x.shape)

        concrete = ft.function(f).get_concrete_function(ft.TensorSpec([2]))
        with pytest.raises(ft.errors.InvalidArgumentError, match=message):
            concrete(*arguments)


class TestErrors:
    def test_an_error_while_tracing_names_the_line(self) -> None:
        def model(x: ft.Tensor) -> ft.Tensor:
            y = x * 2
            return ft.matmul(y, ft.ones([7, 3]))

        where = re.escape(f"{__file__}:{line_of(model, 2)} in model: return ft.matmul")
        with pytest.raises(ValueError, match=rf"matmul: inner sizes differ(.|\n)*{where}"):
            ft.function(model)(ft.ones([2, 2]))

    def test_an_error_of_the_run_names_the_line(self) -> None:
        def pick(x: ft.Tensor) -> ft.Tensor:
            row = x + 0
            return ft.gather(ft.ones([3]), row)

        f = ft.function(pick)
        f(ft.constant([1, 2]))
        where = re.escape(f"{__file__}:{line_of(pick, 2)} in pick")
        with pytest.raises(ValueError, match=rf"index 9 is outside \[0, 3\)(.|\n)*{where}"):
            f(ft.constant([1, 9]))

    def test_a_failed_trace_leaves_the_function_usable(self) -> None:
        def f(x: ft.Tensor) -> ft.Tensor:
            if x.shape == (2,):
                raise KeyError("on purpose")
            return x + 1

        traced = ft.function(f)
        with pytest.raises(KeyError, match="on purpose"):
            traced(ft.constant([1, 2]))
        assert ft.executing_eagerly()
        assert int(traced(ft.constant(1))) == 2

    @pytest.mark.parametrize(
        "use",
        [
            lambda x: [0 for _ in range(x)],
            lambda x: list(ft.reshape(x, [x])),
            lambda x: np.sin(x),
            lambda x: x.numpy(),
            lambda x: f"{x:.2f}",
        ],
    )
    def test_python_that_needs_a_value_says_so(self, use: Callable[..., Any]) -> None:
        with pytest.raises(ft.errors.FailedPreconditionError, match=r"symbolic|depends on"):
            ft.function(use)(ft.constant(1))

    def test_printing_a_symbolic_tensor_works(self) -> None:
        texts: list[str] = []
        ft.function(lambda x: texts.extend([repr(x), str(x), f"{x}"]))(ft.ones([2]))
        assert len(texts) == 3
        assert all("shape=(2,)" in t and "float32" in t for t in texts)

    def test_a_tensor_that_leaked_has_no_value_outside(self) -> None:
        leaked: list[ft.Tensor] = []
        ft.function(lambda x: leaked.append(x * 2))(ft.constant(1.0))
        with pytest.raises(
            ft.errors.FailedPreconditionError, match="made inside a traced function"
        ):
            leaked[0] + 1
        with pytest.raises(ft.errors.FailedPreconditionError, match="is symbolic"):
            leaked[0].numpy()
        with pytest.raises(ft.errors.FailedPreconditionError, match="another traced function"):
            ft.function(lambda x: x + leaked[0])(ft.constant(1.0))


def network(x: ft.Tensor, w: ft.Variable, b: ft.Variable) -> ft.Tensor:
    return ft.reduce_mean(ft.tanh(ft.matmul(x, w) + b) ** 2)


class TestGradients:
    def weights(self) -> tuple[np.ndarray, ft.Variable, ft.Variable]:
        rng = np.random.default_rng(0)
        x = rng.standard_normal([4, 3])
        return x, ft.Variable(rng.standard_normal([3, 2])), ft.Variable(rng.standard_normal([2]))

    def test_through_a_call_from_outside(self) -> None:
        x, w, b = self.weights()
        h = np.tanh(x @ w.numpy() + b.numpy())
        back = 2 * h * (1 - h**2) / h.size
        f = ft.function(network)
        t = ft.constant(x)
        with ft.GradientTape() as tape:
            tape.watch(t)
            y = f(t, w, b)
        found = tape.gradient(y, [t, w, b])
        expected = [back @ w.numpy().T, x.T @ back, back.sum(0)]
        for a, e in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, e, rtol=1e-12)

    def test_inside_outside_and_without_tracing_agree(self) -> None:
        x, w, b = self.weights()

        def step(x: ft.Tensor, inner: Callable[..., Any]) -> Any:
            with ft.GradientTape() as tape:
                loss = inner(x, w, b)
            return [loss, *tape.gradient(loss, [w, b])]

        t = ft.constant(x)
        eager = step(t, network)
        for found in (
            ft.function(lambda x: step(x, network))(t),
            step(t, ft.function(network)),
            ft.function(lambda x: step(x, ft.function(network)))(t),
        ):
            for a, e in zip(found, eager, strict=True):
                np.testing.assert_allclose(a, e, rtol=1e-12)

    def test_several_results_and_integers(self) -> None:
        f = ft.function(lambda x, n: (x * x, n + 1, {"z": ft.exp(x)}))
        x = ft.constant(2.0, ft.float64)
        with ft.GradientTape(persistent=True) as tape:
            tape.watch(x)
            square, n, rest = f(x, ft.constant(3))
            both = square + rest["z"]
        assert int(n) == 4
        assert float(tape.gradient(square, x)) == 4
        assert float(tape.gradient(both, x)) == pytest.approx(4 + np.exp(2), rel=1e-12)
        assert tape.gradient(square, [x])[0].dtype == ft.float64

    def test_higher_orders(self) -> None:
        cube = ft.function(lambda x: x * x * x)
        x = ft.constant(2.0)
        with ft.GradientTape() as third:
            third.watch(x)
            with ft.GradientTape() as second:
                second.watch(x)
                with ft.GradientTape() as first:
                    first.watch(x)
                    y = cube(x)
                dy = first.gradient(y, x)
            d2y = second.gradient(dy, x)
        assert [float(v) for v in (dy, d2y, third.gradient(d2y, x))] == [12, 12, 6]

    def test_a_call_uses_the_values_of_its_time(self) -> None:
        v = ft.Variable(3.0)
        f = ft.function(lambda: v * v)
        with ft.GradientTape() as tape:
            y = f()
        v.assign(100.0)
        assert float(tape.gradient(y, v)) == 6

    def test_state_changes_once_under_a_tape(self) -> None:
        v, count = ft.Variable(3.0), ft.Variable(0, trainable=False)

        @ft.function
        def f() -> ft.Tensor:
            count.assign_add(1)
            return v * 2.0

        for n in range(1, 4):
            with ft.GradientTape() as tape:
                y = f()
            assert float(tape.gradient(y, v)) == 2
            assert int(count) == n

    def test_sizes_that_are_known_at_the_call(self) -> None:
        v = ft.Variable([2.0, 3.0])
        f = ft.function(
            lambda x: ft.reduce_mean(x * x * v, axis=0),
            input_signature=[ft.TensorSpec([None, 2])],
        )
        for n in (2, 4, 2):
            x = ft.ones([n, 2])
            with ft.GradientTape() as tape:
                tape.watch(x)
                y = f(x)
            by_x, by_v = tape.gradient(y, [x, v])
            np.testing.assert_array_equal(by_x, [[4 / n, 6 / n]] * n)
            np.testing.assert_array_equal(by_v, [1, 1])

    def test_a_variable_that_is_not_trainable_can_be_watched(self) -> None:
        v = ft.Variable([2.0, 3.0], trainable=False)
        with ft.GradientTape() as tape:
            tape.watch(v)
            y = ft.function(lambda: v * v)()
        np.testing.assert_array_equal(tape.gradient(y, v), [4, 6])

    def test_dropout_goes_back_through_the_mask_it_used(self) -> None:
        f = ft.function(lambda x: ft.nn.dropout(x, 0.5))
        x = ft.ones([100])
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        assert set(y.numpy().tolist()) == {0, 2}
        np.testing.assert_array_equal(tape.gradient(y, x), y)

    def test_an_error_under_a_tape_names_the_line(self) -> None:
        def pick(x: ft.Tensor, i: ft.Tensor) -> ft.Tensor:
            return ft.gather(x, i) * x[0]

        x = ft.ones([3])
        where = re.escape(f"{__file__}:{line_of(pick, 1)} in pick")
        with ft.GradientTape() as tape:
            tape.watch(x)
            with pytest.raises(ValueError, match=rf"index 7 is outside \[0, 3\)(.|\n)*{where}"):
                ft.function(pick)(x, ft.constant([0, 7]))
