"""Dtypes: their names, limits and how they compare."""

from __future__ import annotations

import pickle
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import freshet as ft
from freshet.core.dtypes import ALL, from_short, of_array

LIMITED = [d for d in ALL if d.kind in {"int", "uint", "float"}]


@pytest.mark.parametrize("dtype", ALL, ids=lambda d: d.name)
def test_every_name_leads_back(dtype: ft.DType) -> None:
    assert ft.as_dtype(dtype.name) is dtype
    assert ft.as_dtype(dtype.short) is from_short(dtype.short) is dtype
    assert ft.as_dtype(dtype) is dtype
    assert getattr(ft, dtype.name) is dtype
    assert pickle.loads(pickle.dumps(dtype)) is dtype
    if dtype.kind != "string":
        assert ft.as_dtype(dtype.as_numpy_dtype) is dtype
        assert of_array(np.zeros(2, dtype.as_numpy_dtype)) is dtype
        assert dtype.size == np.zeros((), dtype.as_numpy_dtype).itemsize


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("half", "float16"), ("double", "float64"), ("float", "float32"), (int, "int32"),
        (float, "float32"), (bool, "bool"), (str, "string"), (bytes, "string"),
        (np.float32, "float32"), (np.dtype(">i8"), "int64"), (np.dtype("U3"), "string"),
        (np.dtype(object), "string"), (ml_dtypes.bfloat16, "bfloat16"), (np.bool_, "bool"),
        (1, "float32"), (9, "int64"),
    ],
)  # fmt: skip
def test_other_names(value: Any, name: str) -> None:
    assert ft.as_dtype(value).name == name


@pytest.mark.parametrize("value", ["floaty", "complex32", None, 99, [], np.dtype("m8[s]")])
def test_what_is_no_dtype(value: Any) -> None:
    with pytest.raises(TypeError, match="is not a dtype; expected one of bool, int8"):
        ft.as_dtype(value)
    assert ft.float32 != value
    assert ft.float64 != value


@pytest.mark.parametrize("dtype", ALL, ids=lambda d: d.name)
def test_the_numpy_type_makes_elements_and_arrays(dtype: ft.DType) -> None:
    kind = dtype.as_numpy_dtype
    assert isinstance(kind, type)
    assert dtype == kind
    assert ft.zeros([2], dtype).numpy().dtype == np.zeros(2, kind).dtype
    if dtype.kind != "string":
        one = kind(1)
        assert type(one) is kind
        assert ft.constant(one).dtype == dtype


def test_the_numpy_types_are_tensorflows() -> None:
    known = {"float32": np.float32, "bool": np.bool_, "int64": np.int64, "string": object,
             "complex128": np.complex128, "bfloat16": ml_dtypes.bfloat16}  # fmt: skip
    assert {name: ft.as_dtype(name).as_numpy_dtype for name in known} == known


def test_equality() -> None:
    assert ft.float32 == "float32" == ft.float32
    assert ft.float32 == np.float32
    assert ft.float32 != ft.float64
    assert ft.float32 != "float64"
    assert len({ft.float32, ft.as_dtype("float"), ft.float64}) == 2


@pytest.mark.parametrize("dtype", LIMITED, ids=lambda d: d.name)
def test_limits(dtype: ft.DType) -> None:
    kind = dtype.as_numpy_dtype
    limits: Any = ml_dtypes.finfo(kind) if dtype.is_floating else np.iinfo(kind)
    assert (float(dtype.min), float(dtype.max)) == (float(limits.min), float(limits.max))
    if dtype.is_integer:
        assert (dtype.min, dtype.max) == (int(limits.min), int(limits.max))


def test_limits_of_the_others() -> None:
    assert (ft.bool.min, ft.bool.max) == (False, True)
    with pytest.raises(TypeError, match="string has no smallest or largest value"):
        _ = ft.string.max


def test_kinds() -> None:
    def named(attribute: str) -> set[str]:
        return {d.name for d in ALL if getattr(d, attribute)}

    floats = {"float16", "bfloat16", "float32", "float64"}
    unsigned = {"uint8", "uint16", "uint32", "uint64"}
    signed = {"int8", "int16", "int32", "int64"}
    assert named("is_floating") == floats
    assert named("is_unsigned") == unsigned
    assert named("is_integer") == signed | unsigned
    complexes = {"complex64", "complex128"}
    assert named("is_numeric") == floats | signed | unsigned | complexes
    assert named("is_differentiable") == floats | complexes
    assert named("is_bool") == {"bool"}
    assert named("is_complex") == complexes
    assert all(d.base_dtype is d for d in ALL)


def test_the_numbers_in_tensorflows_files() -> None:
    numbers = {"float32": 1, "float64": 2, "int32": 3, "string": 7, "int64": 9, "bool": 10}
    assert {n: ft.as_dtype(n).as_datatype_enum for n in numbers} == numbers
    assert len({d.as_datatype_enum for d in ALL}) == len(ALL)


def test_printing() -> None:
    assert repr(ft.float32) == "ft.float32"
    assert str(ft.float32) == "<dtype: 'float32'>"


def test_bfloat16_rounds_to_nearest_even() -> None:
    x = ft.constant([1 + 2**-8, 1 + 3 * 2**-8, 1e-45, 3.4e38, np.nan], ft.bfloat16)
    found = ft.cast(x, ft.float32).numpy()
    np.testing.assert_array_equal(found, [1, 1 + 2**-6, 0, np.inf, np.nan])
    assert ft.cast(ft.constant(1.0, ft.bfloat16) + 2, ft.float32) == 3.0
