"""`IndexedSlices`, alone and as gradients of embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft

both = pytest.mark.parametrize("run", [lambda f: f, ft.function], ids=["eager", "traced"])


def table(dtype: Any = np.float32) -> ft.Variable:
    return ft.Variable(np.arange(10, dtype=dtype).reshape(5, 2))


class TestAlone:
    def test_what_it_says_of_itself(self) -> None:
        x = ft.IndexedSlices([[1.0, 2.0], [3.0, 4.0]], [3, 1], [5, 2])
        assert x.values.numpy().tolist() == [[1, 2], [3, 4]]
        assert x.indices.numpy().tolist() == [3, 1]
        assert x.dense_shape is not None
        assert x.dense_shape.numpy().tolist() == [5, 2]
        assert (x.shape, x.dtype, x.ndim) == ((5, 2), ft.float32, 2)
        assert "IndexedSlices shape=(5, 2)" in repr(x)

    def test_as_a_tensor(self) -> None:
        x = ft.IndexedSlices([[1.0, 2.0], [3.0, 4.0], [10.0, 20.0]], [3, 1, 3], [5, 2])
        expected = [[0, 0], [3, 4], [0, 0], [11, 22], [0, 0]]
        for whole in (ft.convert_to_tensor(x), x.numpy(), np.asarray(x), x * 1, ft.identity(x)):
            np.testing.assert_array_equal(whole, expected)
        np.testing.assert_array_equal(ft.reduce_sum(x, 0), [14, 26])
        np.testing.assert_array_equal(ft.convert_to_tensor(-x), np.negative(expected))

    def test_without_the_whole_shape(self) -> None:
        x = ft.IndexedSlices([[1.0]], [0])
        assert x.shape == [None, 1]
        assert x.dense_shape is None
        with pytest.raises(ValueError, match="without a dense_shape"):
            ft.convert_to_tensor(x)

    @pytest.mark.parametrize(
        "args", [([1.0], [[0]]), ([1.0, 2.0], [0]), (1.0, [0]), ([1.0], [0.5])]
    )
    def test_what_does_not_fit(self, args: Any) -> None:
        with pytest.raises(ValueError, match="IndexedSlices"):
            ft.IndexedSlices(*args)

    @pytest.mark.parametrize("dtype", ["float16", "int32", "float64"])
    def test_whole_in_every_mode(self, dtype: str) -> None:
        rows = ft.cast([[1, 2], [3, 4], [5, 6]], dtype)
        make = lambda: ft.convert_to_tensor(ft.IndexedSlices(rows, [1, 0, 1], [3, 2]))  # noqa: E731
        for whole in (make(), ft.function(make)()):
            assert whole.dtype.name == dtype
            np.testing.assert_array_equal(whole, [[3, 4], [6, 8], [0, 0]])

    def test_a_row_that_does_not_exist(self) -> None:
        with pytest.raises(ValueError, match=r"index 3 is outside \[0, 3\)"):
            ft.convert_to_tensor(ft.IndexedSlices([[1.0]], [3], [3, 1]))

    def test_in_and_out_of_a_traced_function(self) -> None:
        f = ft.function(lambda x: ft.IndexedSlices(x.values * 2, x.indices, x.dense_shape))
        y = f(ft.IndexedSlices([[1.0], [3.0]], [2, 0], [3, 1]))
        assert isinstance(y, ft.IndexedSlices)
        np.testing.assert_array_equal(y.numpy(), [[6], [0], [2]])


class TestAsGradients:
    @both
    def test_of_one_gather(self, run: Any) -> None:
        v = table()

        def program() -> Any:
            with ft.GradientTape() as tape:
                y = ft.gather(v, [[3, 1], [3, 0]]) * [[1.0, 2.0]]
            g = tape.gradient(y, v)
            assert isinstance(g, ft.IndexedSlices)
            assert g.shape == (5, 2)
            return g.values, g.indices, ft.convert_to_tensor(g), g

        values, indices, whole, g = run(program)()
        np.testing.assert_array_equal(values, [[1, 2]] * 4)
        np.testing.assert_array_equal(indices, [3, 1, 3, 0])
        np.testing.assert_array_equal(whole, [[1, 2], [1, 2], [0, 0], [2, 4], [0, 0]])
        assert isinstance(g, ft.IndexedSlices)

    @both
    def test_of_several(self, run: Any) -> None:
        v = table()

        def program() -> Any:
            with ft.GradientTape() as tape:
                y = ft.gather(v, [3]) * ft.nn.embedding_lookup(v, [1, 4])
            g = tape.gradient(y, v)
            return g.values, g.indices, ft.convert_to_tensor(g)

        values, indices, whole = run(program)()
        assert values.shape == (3, 2)
        assert sorted(indices.numpy().tolist()) == [1, 3, 4]
        np.testing.assert_array_equal(whole, [[0, 0], [6, 7], [0, 0], [10, 12], [6, 7]])

    @both
    def test_beside_other_uses_it_is_a_tensor(self, run: Any) -> None:
        v = table()

        def program() -> Any:
            with ft.GradientTape() as tape:
                y = ft.reduce_sum(ft.gather(v, [3])) + ft.reduce_sum(v * v)
            return tape.gradient(y, v)

        expected = 2 * v.numpy() + [[0], [0], [0], [1], [0]]
        g = run(program)()
        assert isinstance(g, ft.Tensor)
        np.testing.assert_array_equal(g, expected)

    def test_along_another_axis_or_of_a_tensor_it_is_a_tensor(self) -> None:
        v, x = table(), ft.ones([5, 2])
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = ft.gather(v, [1, 1], axis=1), ft.gather(x, [0])
        assert all(isinstance(g, ft.Tensor) for g in tape.gradient(y, [v, x]))

    def test_second_derivatives_and_jacobians(self) -> None:
        v = table(np.float64)
        with ft.GradientTape(persistent=True) as outer:
            with ft.GradientTape(persistent=True) as inner:
                rows = ft.gather(v, [1, 1, 4])
                y = ft.reduce_sum(rows**3)
            g = inner.gradient(y, v)
            norm = ft.reduce_sum(ft.convert_to_tensor(g) ** 2)
        a = v.numpy()
        count = np.float64([0, 2, 0, 0, 1])[:, None]
        np.testing.assert_allclose(
            ft.convert_to_tensor(outer.gradient(norm, v)), 2 * (3 * count * a**2) * (6 * count * a)
        )
        jacobian = inner.jacobian(rows, v)
        assert jacobian.shape == (3, 2, 5, 2)
        assert jacobian[2, 1, 4, 1] == 1
        assert ft.reduce_sum(jacobian) == 6

    @both
    def test_optimizers_take_them(self, run: Any) -> None:
        v, w = table(), table()
        one, other = (ft.keras.optimizers.Adam(0.5, clipnorm=1.0) for _ in range(2))
        one.build([v])
        other.build([w])

        def step() -> None:
            with ft.GradientTape(persistent=True) as tape:
                losses = [ft.reduce_sum(ft.gather(t, [2, 2, 0]) ** 2) for t in (v, w)]
            one.apply_gradients([(tape.gradient(losses[0], v), v)])
            other.apply_gradients([(ft.convert_to_tensor(tape.gradient(losses[1], w)), w)])

        traced = run(step)
        for _ in range(3):
            traced()
        np.testing.assert_array_equal(v.numpy(), w.numpy())
        assert np.any(v.numpy() != table().numpy())

    def test_the_compiled_step_is_that_of_a_whole_gradient(self) -> None:
        v = table()

        def program(change: Any) -> str:
            @ft.function
            def f() -> None:
                with ft.GradientTape() as tape:
                    y = ft.reduce_sum(ft.gather(v, [2, 2, 0]) ** 2)
                v.assign_sub(0.1 * change(tape.gradient(y, v)))

            return str(f.get_concrete_function().graph).split("  #")[0]

        assert program(lambda g: g) == program(ft.convert_to_tensor)

    def test_a_scaled_gradient_stays_compiled(self) -> None:
        v = table()

        @ft.function
        def f() -> None:
            with ft.GradientTape() as tape:
                y = ft.reduce_sum(ft.gather(v, [2, 2, 0]) ** 2)
            g = tape.gradient(y, v)
            v.assign_sub(ft.IndexedSlices(g.values * 0.5, g.indices, g.dense_shape) * 0.1)

        assert "host calls    0" in f.explain()
