"""`Tensor`: operators by TensorFlow's dtype rules, comparison, indexing, conversion to Python."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.dtypes import ALL

ARITHMETIC = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow,
}  # fmt: skip
COMPARISONS = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
BITS = {"&": operator.and_, "|": operator.or_, "^": operator.xor}
OTHERS = {
    "a tensor": ft.constant, "a variable": ft.Variable, "an array": lambda y: y,
    "a list": lambda y: y.tolist(), "a scalar": lambda y: y.dtype.type(y[0, 0]),
    "a number": lambda y: y[0, 0].item(), "a column": lambda y: ft.constant(y[:, :1]),
}  # fmt: skip
VALUES = {
    "float32": (np.float32([[0.5, 2, 7.25], [1, 3, 4]]), np.float32([[2, 0.5, 3], [1, 2, 1.5]])),
    "float64": (np.float64([[0.125, 2, 7.25], [1, 3, 4]]), np.float64([[2, 0.75, 3], [1, 2, 1.5]])),
    "int32": (np.int32([[7, -7, 5], [0, 3, -4]]), np.int32([[2, 3, 5], [1, 2, 4]])),
    "uint8": (np.uint8([[7, 200, 5], [0, 3, 4]]), np.uint8([[2, 3, 5], [1, 2, 4]])),
}


def same(actual: Any, expected: Any) -> None:
    assert isinstance(actual, ft.Tensor)
    assert actual.dtype == expected.dtype
    np.testing.assert_array_equal(actual, expected)


class TestOperators:
    @pytest.mark.parametrize("dtype", VALUES)
    @pytest.mark.parametrize("other", OTHERS)
    @pytest.mark.parametrize("name", [*ARITHMETIC, *COMPARISONS])
    def test_with(self, dtype: str, other: str, name: str) -> None:
        """Every operator means NumPy's, on both sides, in the tensor's own dtype."""
        apply = {**ARITHMETIC, **COMPARISONS}[name]
        x, y = VALUES[dtype]
        beside = OTHERS[other](y)
        plain = np.asarray(beside, dtype)
        same(apply(ft.constant(x), beside), apply(x, plain))
        same(apply(beside, ft.constant(y)), apply(plain, y))

    @pytest.mark.parametrize("other", OTHERS)
    @pytest.mark.parametrize("name", BITS)
    def test_bits(self, name: str, other: str) -> None:
        for x, y in (VALUES["int32"], tuple(v > 3 for v in VALUES["int32"])):
            beside = OTHERS[other](y)
            plain = np.asarray(beside, x.dtype)
            same(BITS[name](ft.constant(x), beside), BITS[name](x, plain))
            same(BITS[name](beside, ft.constant(x)), BITS[name](plain, x))

    def test_division_of_integers_gives_floats(self) -> None:
        x, y = VALUES["int32"]
        same(ft.constant(x) / ft.constant(y), x.astype(np.float64) / y)
        same(7 / ft.constant(2), np.float64(3.5))
        same(ft.constant(np.uint8(7)) / 2, np.float32(3.5))
        same(ft.constant(7.0) / 2, np.float32(3.5))

    def test_one_operand(self) -> None:
        x = VALUES["int32"][0]
        same(-ft.constant(x), -x)
        same(abs(ft.constant(x)), abs(x))
        same(~ft.constant(x), ~x)
        same(~ft.constant(x > 0), ~(x > 0))

    def test_matrices(self) -> None:
        a, b = np.float32([[1, 2], [3, 4]]), np.float32([[5, 6, 7], [8, 9, 10]])
        for left, right in (
            (ft.constant(a), b),
            (a, ft.constant(b)),
            (ft.constant(a), ft.Variable(b)),
        ):
            same(left @ right, a @ b)

    def test_python_numbers_take_the_tensors_dtype(self) -> None:
        for dtype in ("float16", "bfloat16", "float32", "float64", "int8", "int64"):
            x = ft.ones([2], dtype)
            for y in (x + 1, 1 + x, x * np.float64(3) if x.dtype.is_floating else x * 3):
                assert y.dtype == dtype

    def test_bare_values_are_float32_and_int32(self) -> None:
        for value, dtype in (
            (1, "int32"), (2**40, "int64"), (1.0, "float32"), (True, "bool"), ("a", "string"),
            ([1, 2.5], "float32"), ([[True]], "bool"), ([], "float32"), (np.float64(1), "float64"),
            (np.arange(3), "int64"),
        ):  # fmt: skip
            assert ft.constant(value).dtype == dtype

    @pytest.mark.parametrize("name", [*ARITHMETIC, *COMPARISONS, "@", "/"])
    def test_different_dtypes_are_never_mixed(self, name: str) -> None:
        apply = {**ARITHMETIC, **COMPARISONS, "@": operator.matmul, "/": operator.truediv}[name]
        x, y = ft.ones([2, 2]), ft.ones([2, 2], ft.float64)
        for other in (y, ft.Variable(y), ft.ones([2, 2], ft.int32)):
            with pytest.raises(TypeError, match=r"one dtype, received f32\[2,2\] and"):
                apply(x, other)

    @pytest.mark.parametrize(
        ("value", "tensor"),
        [
            (1.5, [1]),
            (300, np.uint8([1])),
            (True, np.uint8([1])),
            ("a", [1.0]),
            (-1, np.uint8([1])),
        ],
    )
    def test_a_number_that_does_not_fit_is_refused(self, value: Any, tensor: Any) -> None:
        with pytest.raises(TypeError, match=r"add: beside a tensor of .* cannot convert|strings"):
            ft.constant(tensor) + value

    def test_shapes_that_do_not_broadcast_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"add: shapes \[2\] and \[3\] do not broadcast"):
            ft.ones([2]) + ft.ones([3])

    def test_an_operator_makes_a_new_tensor(self) -> None:
        x = y = ft.constant([1, 2])
        x += 1
        same(x, np.int32([2, 3]))
        same(y, np.int32([1, 2]))

    def test_the_array_it_came_from_may_change(self) -> None:
        array = np.float32([1, 2])
        x = ft.constant(array)
        array[:] = 0
        same(x, np.float32([1, 2]))
        x.numpy()[:] = 0
        np.asarray(x)[:] = 0
        same(x, np.float32([1, 2]))


class TestEquality:
    def test_what_is_no_tensor_is_not_equal(self) -> None:
        x = ft.constant([1, 2])
        for other in (None, int, "x", object()):
            assert (x == other) is False
            assert (x != other) is True

    def test_shapes_that_do_not_broadcast_are_not_equal(self) -> None:
        assert not ft.constant([1, 2]) == ft.constant([1, 2, 3])  # noqa: SIM201
        assert ft.constant([1, 2]) != ft.constant([1, 2, 3])

    def test_strings_are_compared(self) -> None:
        same(ft.constant(["a", "b"]) == "a", np.array([True, False]))
        same(ft.constant(["a", "b"]) != ft.constant(["a", "a"]), np.array([False, True]))

    def test_nan_is_not_itself(self) -> None:
        x = ft.constant([np.nan, 1.0])
        same(x == x, np.array([False, True]))
        same(x != x, np.array([True, False]))

    def test_a_tensor_is_no_key_but_its_reference_is(self) -> None:
        x, y = ft.constant(1), ft.constant(1)
        for value in (x, ft.Variable(1)):
            with pytest.raises(TypeError, match=r"unhashable .* use x.ref\(\)"):
                hash(value)
        table = {x.ref(): "x", y.ref(): "y"}
        assert table[x.ref()] == "x"
        assert table[y.ref()] == "y"
        assert x.ref().deref() is x
        assert x.ref() != x
        assert len({x.ref(), x.ref()}) == 1


A = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
KEYS: list[Any] = [
    0, -1, slice(None), slice(1, None), slice(None, -1), slice(5, 1), slice(None, None, -1),
    slice(-1, None, -2), slice(2, 0, -1), ..., None, (), (1, 2), (1, -1, 3), (0, slice(1, 3)),
    (slice(None), 1), (slice(None), slice(None, None, 2), slice(3, 0, -2)), (..., 0), (0, ...),
    (1, ..., slice(1, 3)), (None, 0), (0, None), (slice(None), None, 1), (..., None),
    (None, ..., None, -1, None), (slice(0, 0),), np.int64(1),
    (np.int32(-2), slice(np.int8(1), None)),
]  # fmt: skip


class TestIndexing:
    @pytest.mark.parametrize("key", KEYS, ids=str)
    def test_as_numpy(self, key: Any) -> None:
        x = ft.constant(A)
        same(x[key], A[key])
        same(ft.Variable(A)[key], A[key])
        same(ft.function(lambda x: x[key])(x), A[key])
        unknown = ft.TensorSpec([None, None, None])
        same(ft.function(lambda x: x[key], input_signature=[unknown])(x), A[key])

    def test_tensors_as_indices(self) -> None:
        x = ft.constant(A)
        for index in (1, -1, -2):
            same(x[ft.constant(index)], A[index])
            same(ft.function(lambda x, i: x[i])(x, ft.constant(index)), A[index])
        same(x[ft.constant([[1, 0], [1, 1]])], A[[[1, 0], [1, 1]]])
        same(x[0, ft.constant(2)], A[0, 2])
        same(x[:, ft.constant(1) :], A[:, 1:])

    @pytest.mark.parametrize(
        ("key", "message"),
        [
            (2, r"index 2 is outside \[-2, 2\) of dimension 0 of f32\[2,3,4\]"),
            ((0, -4), r"index -4 is outside \[-3, 3\) of dimension 1"),
            ((0, 0, 0, 0), "4 indices for a tensor of rank 3"),
            (1.0, "must be an integer, a slice, .*, received 1.0"),
            ("a", "received 'a'"),
            (True, "received True"),
            ((..., ...), "more than one"),
            (slice(None, None, 0), "step of a slice must not be 0"),
            (ft.constant(2), r"index 2 is outside \[-2, 2\)"),
        ],
    )
    def test_what_cannot_be_an_index(self, key: Any, message: str) -> None:
        with pytest.raises(ft.errors.InvalidArgumentError, match=message):
            ft.constant(A)[key]

    def test_masks_and_bounds_that_only_the_run_knows(self) -> None:
        x, mask, i = ft.constant(A), ft.constant([True, False]), ft.constant(1)
        same(x[mask], A[[True, False]])
        same(x[A > 0], A[A > 0])
        same(ft.function(lambda x, m: x[m] * 2)(x, mask), A[[True, False]] * 2)
        same(ft.function(lambda x, i: x[:, i:, i])(x, i), A[:, 1:, 1])
        same(ft.function(lambda x, i: x[i - 2, ..., ::-i, None])(x, i), A[-1, ..., ::-1, None])

    @pytest.mark.parametrize("eager", [True, False])
    def test_a_part_of_a_variable_is_assigned_to(self, eager: bool) -> None:
        v, expected = ft.Variable(A), A.copy()

        def write(i: Any) -> None:
            v[i].assign(v[0] + 1)
            v[:, 1:3, ::2].assign(7.0)
            v[..., -1, i].assign([3.0, 4.0])

        (write if eager else ft.function(write))(ft.constant(1))
        expected[1] = expected[0] + 1
        expected[:, 1:3, ::2] = 7
        expected[..., -1, 1] = [3, 4]
        np.testing.assert_array_equal(v.numpy(), expected)
        with pytest.raises(AttributeError, match="a tensor does not change"):
            ft.constant(A)[0].assign(1)

    def test_tensors_cannot_be_written_to(self) -> None:
        with pytest.raises(TypeError, match="item assignment"):
            ft.constant(A)[0] = 1  # type: ignore[index]


class TestPython:
    def test_iteration(self) -> None:
        for x in (ft.constant(A), ft.Variable(A)):
            assert len(x) == 2
            for row, expected in zip(x, A, strict=True):
                same(row, expected)
        first, second = ft.constant([1, 2])
        assert (int(first), int(second)) == (1, 2)
        assert list(ft.zeros([0, 3])) == []
        assert 3 in ft.constant([1, 3])
        assert 2 not in ft.constant([1, 3])

    @pytest.mark.parametrize("use", [len, iter, list])
    def test_a_scalar_has_no_elements(self, use: Callable[..., Any]) -> None:
        with pytest.raises(TypeError, match="rank 0"):
            use(ft.constant(1))

    def test_conversion(self) -> None:
        for x in (ft.constant(2.75), ft.Variable(2.75)):
            assert float(x) == 2.75
            assert int(x) == 2
            assert bool(x)
            assert f"{x:.1f}" == "2.8"
        assert not ft.constant([[0]])
        assert [10, 20, 30][ft.constant(1)] == 20
        assert list(range(ft.constant(3))) == [0, 1, 2]
        with pytest.raises(TypeError, match="only integer tensors can be an index"):
            [1, 2][ft.constant(1.0)]

    @pytest.mark.parametrize("use", [bool, int, float])
    def test_only_one_element_converts(self, use: Callable[..., Any]) -> None:
        for shape in ([2], [0]):
            for kind in (ValueError, TypeError):
                with pytest.raises(kind, match=r"needs a tensor of one element, received .* shape"):
                    use(ft.ones(shape))

    def test_to_numpy(self) -> None:
        x = ft.constant(A)
        assert isinstance(ft.constant(1.0).numpy(), np.float32)
        assert np.asarray(x).dtype == np.float32
        assert np.asarray(x, np.float64).dtype == np.float64
        np.testing.assert_array_equal(np.sum(x), A.sum())
        assert ft.constant(["é"]).numpy()[0] == "é".encode()

    def test_printing(self) -> None:
        x = ft.constant([1.0, 2.5])
        assert str(x) == "ft.Tensor([1.  2.5], shape=(2,), dtype=float32)"
        assert f"{x}" == "[1.  2.5]"
        assert f"{ft.constant(2)} {ft.constant(0.5):.2f}" == "2 0.50"
        assert str(ft.constant(0.1)) == "ft.Tensor(0.1, shape=(), dtype=float32)"
        assert str(ft.constant([[1], [2]])).startswith("ft.Tensor(\n[[1]\n [2]], shape=(2, 1)")
        with pytest.raises(TypeError, match="format"):
            f"{x:.2f}"
        assert repr(x) == (
            "<ft.Tensor: shape=(2,), dtype=float32, numpy=array([1. , 2.5], dtype=float32)>"
        )
        assert repr(ft.constant(3)) == "<ft.Tensor: shape=(), dtype=int32, numpy=3>"

    def test_attributes(self) -> None:
        x = ft.constant(A)
        assert (x.shape, x.ndim, x.dtype, x.get_shape()) == ((2, 3, 4), 3, ft.float32, (2, 3, 4))
        assert x.device.endswith("CPU:0")
        with pytest.raises(AttributeError, match="eager tensor has no name"):
            _ = x.name
        with pytest.raises(AttributeError):
            x.color = "red"  # type: ignore[attr-defined]
        with pytest.raises(TypeError, match=r"ft\.constant"):
            ft.Tensor()

    def test_a_set_shape_is_checked(self) -> None:
        ft.constant(A).set_shape([2, None, 4])
        with pytest.raises(ValueError, match="incompatible"):
            ft.constant(A).set_shape([2, 3, 5])

    def test_an_unknown_size_can_be_set(self) -> None:
        shapes: list[Any] = []

        def f(x: ft.Tensor) -> ft.Tensor:
            shapes.append(x.shape)
            x.set_shape([3])
            shapes.append(x.shape)
            return x * 2

        ft.function(f, input_signature=[ft.TensorSpec([None])])([1.0, 2.0, 3.0])
        assert shapes == [[None], [3]]


class TestConversion:
    def test_ragged_rows_are_refused(self) -> None:
        with pytest.raises(ValueError, match="rows have different lengths"):
            ft.constant([[1], [1, 2]])

    @pytest.mark.parametrize("value", [object(), {"a": 1}, [None], [1, "a", None]])
    def test_what_is_no_number_is_refused(self, value: Any) -> None:
        with pytest.raises((ValueError, TypeError), match=r"cannot make a tensor|is not a dtype"):
            ft.constant(value)

    def test_a_dtype_that_is_asked_for(self) -> None:
        assert ft.constant(1, ft.float32).dtype == ft.float32
        assert ft.constant(np.float64([1.5]), "float32").dtype == ft.float32
        for value, dtype in ((1.5, "int32"), (256, "uint8"), (True, "uint8"), ("a", "float32")):
            with pytest.raises(TypeError, match=r"convert_to_tensor: (cannot convert|expected)"):
                ft.constant(value, dtype)

    def test_truth_values_are_numbers_where_tensorflow_takes_them_so(self) -> None:
        takers = {"int32", "int64", "uint64", "float16", "float32", "float64", "complex128"}
        for dtype in (d for d in ALL if d.is_numeric):
            if dtype.name in takers:
                same(ft.constant([True, False], dtype), np.array([1, 0], dtype.as_numpy_dtype))
                same(ft.constant([2, 3], dtype) + True, np.array([3, 4], dtype.as_numpy_dtype))
            else:
                with pytest.raises(TypeError, match=f"cannot convert True to {dtype.name}"):
                    ft.constant(True, dtype)
        assert ft.add(1, True).dtype == ft.int32
        with pytest.raises(TypeError):
            ft.add(True, 1)

    def test_the_first_float_of_numpys_decides(self) -> None:
        half, double = np.float16(0.5), np.float64(0.5)
        lists = [[double, 2.0], (double, half), [half, double], [2.0, double], [1, double]]
        found = [ft.convert_to_tensor(values).dtype.name for values in lists]
        assert found == ["float64", "float64", "float16", "float32", "float32"]
        assert ft.convert_to_tensor([np.ones(2), [1, 2]]).dtype == ft.float64
        assert ft.convert_to_tensor([np.zeros(0)]).dtype == ft.float32
        assert (ft.constant(2.0) * [double]).dtype == ft.float32
        assert ft.Variable([double]).dtype == ft.float64

    def test_lists_may_hold_tensors(self) -> None:
        x = ft.constant(2.5)
        same(ft.convert_to_tensor([[x, 1], [2, x * 2]]), np.float32([[2.5, 1], [2, 5]]))

    def test_a_tensor_is_not_cast_silently(self) -> None:
        x = ft.constant([1.0])
        assert ft.convert_to_tensor(x) is x
        with pytest.raises(TypeError, match=r"convert it with ft\.cast"):
            ft.convert_to_tensor(x, ft.float64)

    def test_other_byte_orders_and_strides(self) -> None:
        for array in (A.astype(">f4"), A.transpose(2, 0, 1), A[:, ::-2], np.asfortranarray(A)):
            same(ft.constant(array), array.astype(np.float32))
