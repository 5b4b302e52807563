"""Python and NumPy values to tensors, by TensorFlow's rules.

Python floats become float32 and ints int32; NumPy arrays keep their dtype; beside a tensor, both
take the tensor's dtype. Tensors of different dtypes are never converted to each other.
"""

from __future__ import annotations

import functools
import numbers
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.composite import CompositeTensor
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.nest import flatten
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable

TensorLike = Any
"""A tensor, variable, array, number or nested sequence: what `convert_to_tensor` takes."""
_INT32: Final = np.iinfo(np.int32)
_FLOATS: Final = tuple(map(np.dtype, (np.float16, np.float32, np.float64)))
_OF_TRUTHS: Final = frozenset(
    {"int32", "int64", "uint64", "float16", "float32", "float64", "complex128"}
)
"""The dtypes that Python's truth values are converted to, as 0 and 1; TensorFlow's choice."""


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Tensor:
    """Return `value` as a tensor.

    Args:
        value: A tensor, variable, NumPy array, number, string or nested sequence of these.
        dtype: The dtype that must come out.
        dtype_hint: The dtype to prefer if `value` has none of its own and fits it.
        name: Ignored; kept for TensorFlow programs.

    Raises:
        InvalidArgumentError: `value` is ragged or has no dtype that Freshet knows.
        DTypeError: `value` is a tensor of another dtype than `dtype`, or does not fit it.

    Example:
        >>> convert_to_tensor([1, 2.5]).dtype.name
        'float32'
    """
    del name
    want = None if dtype is None else as_dtype(dtype)
    if isinstance(value, Variable):
        value = value.value()
    if isinstance(value, Tensor):
        if want is not None and value.dtype != want:
            raise DTypeError(
                f"convert_to_tensor: expected dtype {want.name}, received a tensor of "
                f"{value.dtype.name}; convert it with ft.cast"
            )
        return value
    if isinstance(value, CompositeTensor):
        dense = value._dense()
        if dense is not None:
            return convert_to_tensor(dense, dtype)
        value._refuse("convert_to_tensor")
    hint = None if dtype_hint is None else as_dtype(dtype_hint)
    if isinstance(value, (list, tuple)) and any(
        isinstance(leaf, (Tensor, Variable, CompositeTensor)) for leaf in flatten(list(value))
    ):
        return _stack(value, want or hint)
    return Tensor._of_array(_to_array(value, want, hint))


def binary_operands(name: str, x: Any, y: Any) -> tuple[Tensor, Tensor]:
    """Return two operands as tensors of one dtype, a bare value taking the other's."""
    if x.__class__ is Tensor and y.__class__ is Tensor and x.dtype is y.dtype:
        return x, y
    if isinstance(x, (Tensor, Variable)):
        x = convert_to_tensor(x)
        y = _beside(name, y, x)
    elif isinstance(y, (Tensor, Variable)):
        y = convert_to_tensor(y)
        x = _beside(name, x, y)
    else:
        x = convert_to_tensor(x)
        y = convert_to_tensor(y, dtype_hint=x.dtype)
    if x.dtype is not y.dtype and x.dtype != y.dtype:
        raise DTypeError(
            f"{name}: both operands must have one dtype, received {x._type} and {y._type}; "
            "convert one with ft.cast"
        )
    return x, y


def floating_operand(name: str, x: TensorLike) -> Tensor:
    """Return an operand as a tensor; raise `DTypeError` unless it is floating-point."""
    tensor = convert_to_tensor(x)
    if not tensor.dtype.is_floating:
        raise DTypeError(
            f"{name}: expected a floating-point tensor, received {tensor._type}; "
            "convert it with ft.cast(x, ft.float32)"
        )
    return tensor


@functools.lru_cache(maxsize=256, typed=True)
def _number(value: float, dtype: DType) -> Tensor:
    """Return a number as a tensor; programs use the same few again and again."""
    return convert_to_tensor(value, dtype=dtype)


def _beside(name: str, value: Any, tensor: Tensor) -> Tensor:
    if value.__class__ is float and value and tensor.dtype.is_floating:  # 0.0 equals -0.0
        return _number(value, tensor.dtype)
    if isinstance(value, (Tensor, Variable)):
        return convert_to_tensor(value)
    try:
        return convert_to_tensor(value, dtype=tensor.dtype)
    except (DTypeError, InvalidArgumentError) as error:
        raise DTypeError(
            f"{name}: beside a tensor of {tensor.dtype.name}: {error.message}"
        ) from None


def _to_array(value: Any, want: DType | None, hint: DType | None) -> Array:
    if hasattr(value, "__array__"):
        return _from_numpy(np.asarray(value), want, hint)
    found = _python_array(value)
    if found.dtype.kind in "US":
        # NumPy's own string arrays drop zero bytes at the end.
        found = np.asarray(value, object)
    if found.dtype.kind == "O" or (not found.size and want is not None and want.kind == "string"):
        return _strings(found, value, want)
    natural = _natural(found, value)
    if not found.size and (want is not None or hint is not None):
        empty: Any = want or hint
        return found.astype(empty.as_numpy_dtype)  # nothing in it says which kind of number it is
    first = _first_leaf(value)
    if want is None or want.is_bool:
        _check_truths(found, first, value)
    truths = isinstance(first, bool) and found.dtype.kind == "b"
    to = want or hint
    if to is None or not (truths and to.name in _OF_TRUTHS):
        if want is not None:
            _check_fits("convert_to_tensor", found, value, want)
        elif hint is None or not _fits(found, hint):
            to = natural
    assert to is not None
    with np.errstate(over="ignore"):
        return found.astype(to.as_numpy_dtype)


def _python_array(value: Any) -> Array:
    try:
        return np.asarray(value)
    except UnicodeDecodeError:  # NumPy makes one of str and bytes only if all is ASCII
        return np.asarray(value, object)
    except (ValueError, TypeError) as error:
        raise InvalidArgumentError(
            f"convert_to_tensor: cannot make a tensor of {value!r}: its rows have different "
            f"lengths or its elements different kinds ({error})"
        ) from None


def _first_leaf(value: Any) -> Any:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return value


def _check_truths(array: Array, first: Any, value: Any) -> None:
    """Raise `DTypeError` for a sequence that begins with a truth value and goes on with numbers."""
    if isinstance(first, (bool, np.bool_)) and array.dtype.kind != "b":
        raise DTypeError(
            f"convert_to_tensor: cannot make a tensor of {value!r}: it begins with a truth value "
            "and goes on with numbers; write the numbers as True and False, or give a dtype of "
            "numbers"
        )


def _natural(array: Array, value: Any) -> DType:
    """Return the dtype of a Python value that nothing else decides.

    A sequence that begins with a float of NumPy's has the dtype of that one.
    """
    if not array.size:
        return dtypes.float32
    if array.dtype == np.bool_:
        return dtypes.bool_
    if array.dtype.kind in "iu":
        if array.size and (array.min() < _INT32.min or array.max() > _INT32.max):
            return dtypes.int64
        return dtypes.int32
    if array.dtype.kind == "f":
        own = getattr(_first_leaf(value), "dtype", None)
        known = isinstance(own, np.dtype) and own in _FLOATS
        return as_dtype(own) if known else dtypes.float32
    if array.dtype.kind == "c":
        return dtypes.complex128
    raise InvalidArgumentError(f"convert_to_tensor: cannot make a tensor of {value!r}")


def _from_numpy(array: Array, want: DType | None, hint: DType | None) -> Array:
    if array.dtype.kind in "OUS":
        return _strings(array, array, want)
    own = dtypes.as_dtype(array.dtype)
    to = want or (hint if hint is not None and _fits(array, hint) else own)
    _check_fits("convert_to_tensor", array, array, to)
    # A copy, so that later changes of the array do not change the tensor.
    return np.array(array, dtype=to.as_numpy_dtype, order="C")


def _strings(array: Array, value: Any, want: DType | None) -> Array:
    leaves = array.reshape(-1).tolist()
    if not all(isinstance(leaf, (str, bytes)) for leaf in leaves):
        what = (
            "a function that returns nothing gives None, and so does a gradient of what the target "
            "does not depend on"
            if any(leaf is None for leaf in leaves)
            else "its rows have different lengths or it holds objects that are neither numbers nor "
            "strings"
        )
        raise InvalidArgumentError(f"convert_to_tensor: cannot make a tensor of {value!r}: {what}")
    if want is not None and want.kind != "string":
        raise DTypeError(f"convert_to_tensor: expected {want.name}, received strings: {value!r}")
    encoded = np.empty(len(leaves), object)
    encoded[:] = [leaf.encode() if isinstance(leaf, str) else leaf for leaf in leaves]
    return encoded.reshape(array.shape)


def _fits(array: Array, dtype: DType) -> bool:
    """Return whether a value may take a dtype without losing what kind of number it is."""
    kind = array.dtype.kind
    if dtype.kind == "string" or kind in "OUS":
        return False
    if dtype.is_bool or kind == "b":
        return dtype.is_bool and kind == "b"
    if kind == "c":
        return dtype.is_complex
    if kind == "f" or array.dtype.name == "bfloat16":
        return dtype.is_differentiable
    if dtype.is_differentiable:
        return True
    return not array.size or bool(dtype.min <= array.min() and array.max() <= dtype.max)


def _check_fits(caller: str, array: Array, value: Any, dtype: DType) -> None:
    if isinstance(value, np.ndarray) and dtype.kind != "string":
        return  # an array with an explicit dtype is cast, as TensorFlow does
    if not _fits(array, dtype):
        shown = repr(value) if isinstance(value, numbers.Number) or array.size < 8 else "a sequence"
        raise DTypeError(f"{caller}: cannot convert {shown} to {dtype.name}")


def _stack(value: Any, want: DType | None) -> Tensor:
    """Return a nested sequence that holds tensors as one tensor."""
    from freshet.ops.shaping import stack  # noqa: PLC0415 (shaping builds on conversion)

    own = next(
        (leaf.dtype for leaf in flatten(list(value)) if isinstance(leaf, (Tensor, Variable))), want
    )
    return stack([convert_to_tensor(item, dtype_hint=own) for item in value])
