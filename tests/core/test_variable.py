"""`Variable`: assignment, what is checked, and that nobody sees a later value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft


def values(variable: ft.Variable) -> Any:
    return variable.numpy().tolist()


class TestMaking:
    def test_dtype_shape_and_name(self) -> None:
        v = ft.Variable([1, 2], name="w")
        assert (v.name, v.path, v.dtype, v.shape, v.ndim) == ("w:0", "w", ft.int32, (2,), 1)
        assert v.trainable
        assert not ft.Variable(1.0, trainable=False).trainable
        assert ft.Variable(1, dtype="float64").dtype == ft.float64
        assert ft.Variable(1.0).name == "Variable:0"

    def test_from_a_function_a_tensor_or_a_variable(self) -> None:
        first = ft.Variable(lambda: ft.ones([2]))
        second, third = ft.Variable(first), ft.Variable(ft.constant([1.0, 1.0]))
        first.assign([5.0, 5.0])
        assert [values(v) for v in (first, second, third)] == [[5, 5], [1, 1], [1, 1]]

    def test_numbers_count_up(self) -> None:
        first, second = ft.Variable(1), ft.Variable(1)
        assert first.number < second.number

    @pytest.mark.parametrize(
        ("make", "error", "message"),
        [
            (lambda: ft.Variable([1.0], shape=[2]), ValueError, r"has shape \(2,\), received \(1,"),
            (lambda: ft.Variable(ft.ones([1]), dtype="int32"), TypeError, "expected dtype int32"),
            (lambda: ft.Variable("a", dtype="int32"), TypeError, "expected int32"),
            (lambda: ft.Variable([[1], [1, 2]]), ValueError, "different lengths"),
        ],
    )
    def test_a_first_value_that_does_not_fit(
        self, make: Callable[[], Any], error: Any, message: str
    ) -> None:
        with pytest.raises(error, match=message):
            make()


class TestAssigning:
    def test_assign_add_and_subtract(self) -> None:
        v = ft.Variable([1.0, 2.0])
        assert v.assign([3, 4]) is v
        assert values(v) == [3, 4]
        assert values(v.assign_add(1.0)) == [4, 5]
        assert values(v.assign_sub([1.0, 0.5])) == [3, 4.5]
        assert values(v.assign(np.float64([7, 8]))) == [7, 8]
        assert values(v.assign(v + v)) == [14, 16]

    @pytest.mark.parametrize(
        ("value", "error", "message"),
        [
            (
                [1.0, 2.0, 3.0],
                ValueError,
                r"assign: variable 'w:0' has shape \(2,\), received \(3,",
            ),
            (1.0, ValueError, r"received \(\)"),
            (ft.constant([1, 2]), TypeError, "variable 'w:0' holds float32, received int32"),
            (["a", "b"], TypeError, "holds float32, received string"),
            (ft.constant([True, False]), TypeError, "received bool"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, value: Any, error: Any, message: str) -> None:
        v = ft.Variable([1.0, 2.0], name="w")
        with pytest.raises(error, match=message):
            v.assign(value)
        assert values(v) == [1, 2]

    def test_a_fraction_does_not_become_an_integer(self) -> None:
        with pytest.raises(TypeError, match="holds int32, received float32"):
            ft.Variable([1, 2]).assign([1.5, 2.0])

    def test_an_unknown_size_may_change(self) -> None:
        v = ft.Variable(ft.zeros([0, 2]), shape=[None, 2])
        for n in (3, 1):
            v.assign(ft.ones([n, 2]))
            assert v.numpy().shape == (n, 2)
            assert v.shape == [None, 2]
        with pytest.raises(ValueError, match="received"):
            v.assign(ft.ones([2, 3]))

    def test_an_operator_makes_a_tensor(self) -> None:
        v = w = ft.Variable(1.0)
        w += 1.0
        assert isinstance(w, ft.Tensor)
        assert (float(v), float(w)) == (1, 2)

    def test_there_is_no_assignment_to_parts(self) -> None:
        with pytest.raises(TypeError, match="item assignment"):
            ft.Variable([1.0])[0] = 2.0  # type: ignore[index]


def eagerly(v: ft.Variable) -> None:
    v.assign_add([10.0, 10.0])


def compiled(v: ft.Variable) -> None:
    ft.function(lambda: v.assign_add([10.0, 10.0]))()


@pytest.mark.parametrize("change", [eagerly, compiled])
class TestSharing:
    """A compiled update writes in place; whoever took a value before must not see it."""

    @pytest.mark.parametrize(
        "take",
        [
            lambda v: v.numpy(), lambda v: v.value(), lambda v: v.read_value(), np.asarray,
            lambda v: ft.convert_to_tensor(v), lambda v: ft.identity(v), lambda v: v[:],
            lambda v: ft.reshape(v, [2, 1])[:, 0], lambda v: ft.function(lambda: v)(),
            ft.Variable, lambda v: ft.Variable([0.0, 0.0]).assign(v),
            lambda v: ft.Variable([0.0, 0.0]).assign(v.value()),
        ],
    )  # fmt: skip
    def test_a_value_taken_before_stays(
        self, change: Callable[[ft.Variable], None], take: Callable[[ft.Variable], Any]
    ) -> None:
        v = ft.Variable([1.0, 2.0])
        change(v)
        taken = take(v)
        change(v)
        change(v)
        np.testing.assert_array_equal(taken, [11, 12])
        assert values(v) == [31, 32]

    def test_an_array_or_tensor_given_stays(self, change: Callable[[ft.Variable], None]) -> None:
        array, tensor = np.float32([1, 2]), ft.constant([3.0, 4.0])
        for given in (array, tensor):
            for v in (ft.Variable(given), ft.Variable([0.0, 0.0]).assign(given)):
                change(v)
        assert array.tolist() == [1, 2]
        assert tensor.numpy().tolist() == [3, 4]

    def test_an_array_given_may_change(self, change: Callable[[ft.Variable], None]) -> None:
        array = np.float32([1, 2])
        v, w = ft.Variable(array), ft.Variable([0.0, 0.0]).assign(array)
        array[:] = -1
        for variable in (v, w):
            change(variable)
            assert values(variable) == [11, 12]

    def test_two_variables_with_one_value_part(self, change: Callable[[ft.Variable], None]) -> None:
        v, w = ft.Variable([1.0, 2.0]), ft.Variable([0.0, 0.0])
        w.assign(v)
        change(v)
        assert values(w) == [1, 2]
        change(w)
        assert values(v) == values(w) == [11, 12]


def test_printing() -> None:
    v = ft.Variable([1.5], name="w")
    expected = "<ft.Variable 'w:0' shape=(1,) dtype=float32, numpy=array([1.5], dtype=float32)>"
    assert repr(v) == str(v) == f"{v}" == expected


def test_names_are_tensorflows_and_those_of_weights_are_those_of_keras() -> None:
    class Mine(ft.keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="mine")
            self.v = ft.Variable([1.0], name="v")
            self.w = self.add_weight(shape=(1,), name="w")

    layer = Mine()
    assert (layer.v.name, layer.w.name, layer.w.path) == ("v:0", "w", "mine/w")
    assert ft.Variable(1.0, name="w:0").name == "w:0:0"
    optimizer = ft.keras.optimizers.SGD(momentum=0.9)
    optimizer.build([layer.w])
    assert [v.name for v in optimizer.variables][-1] == "mine_w_momentum"
    assert "iteration" in [v.name for v in optimizer.variables]
    recurrent = ft.keras.layers.SimpleRNN(2, stateful=True)
    recurrent.build((1, 2, 3))
    assert [s.name for s in recurrent.states] == ["rnn_state"]
