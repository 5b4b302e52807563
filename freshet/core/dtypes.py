"""Element types: one `DType` object each, under TensorFlow's names."""

from __future__ import annotations

import functools
from typing import Any, Final, cast, final

import numpy as np

from freshet.core import errors


@final
class DType:
    """The element type of a tensor.

    Two dtypes are equal when their names are; a dtype also equals anything `as_dtype` turns into
    it, so ``x.dtype == "float32"`` works.

    Attributes:
        name: TensorFlow's name, such as ``"float32"``.
        short: The name in printed graphs and kernels, such as ``"f32"``.
        kind: One of ``"bool"``, ``"int"``, ``"uint"``, ``"float"``, ``"complex"``, ``"string"``.
        bits: Size of one element in bits; 0 for strings, whose elements differ.
    """

    __slots__ = ("bits", "kind", "name", "short")

    def __init__(self, name: str, short: str, kind: str, bits: int) -> None:
        self.name: Final = name
        self.short: Final = short
        self.kind: Final = kind
        self.bits: Final = bits

    @property
    def as_numpy_dtype(self) -> type[Any]:
        """The NumPy type of one element, such as ``np.float32``; `object` for strings (`bytes`).

        Example:
            >>> import numpy as np
            >>> float32.as_numpy_dtype(1)
            np.float32(1.0)
            >>> np.zeros(2, int64.as_numpy_dtype)
            array([0, 0])
        """
        return _numpy_type(self)

    @property
    def size(self) -> int:
        """Size of one element in bytes; 0 for strings."""
        return self.bits // 8

    @property
    def is_floating(self) -> bool:
        """True for float16, bfloat16, float32 and float64."""
        return self.kind == "float"

    @property
    def is_integer(self) -> bool:
        """True for signed and unsigned integers, not for bool."""
        return self.kind in {"int", "uint"}

    @property
    def is_unsigned(self) -> bool:
        """True for unsigned integers."""
        return self.kind == "uint"

    @property
    def is_bool(self) -> bool:
        """True for bool."""
        return self.kind == "bool"

    @property
    def is_complex(self) -> bool:
        """True for complex64 and complex128."""
        return self.kind == "complex"

    @property
    def is_differentiable(self) -> bool:
        """True where derivatives exist: floating-point and complex numbers."""
        return self.kind in {"float", "complex"}

    @property
    def real_dtype(self) -> DType:
        """The dtype of a complex number's parts; for any other dtype, itself."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    @property
    def is_numeric(self) -> bool:
        """True where arithmetic is defined: integers, floats and complex numbers."""
        return self.kind in {"int", "uint", "float", "complex"}

    @property
    def base_dtype(self) -> DType:
        """This dtype; kept for TensorFlow 1.x, whose variables had reference dtypes."""
        return self

    @property
    def min(self) -> Any:
        """Smallest finite value."""
        return self._limits()[0]

    @property
    def max(self) -> Any:
        """Largest finite value."""
        return self._limits()[1]

    @property
    def limits(self) -> tuple[Any, Any]:
        """Range of intensities in images: (0, 1) for floats, else smallest and largest value."""
        return (0, 1) if self.is_floating else (self.min, self.max)

    @property
    def is_quantized(self) -> bool:
        """False: there are no quantized dtypes."""
        return False

    @property
    def is_numpy_compatible(self) -> bool:
        """True: arrays hold each dtype."""
        return True

    def is_compatible_with(self, other: object) -> bool:
        """Return whether this is the dtype that `other` names."""
        return self == as_dtype(other)

    @property
    def as_datatype_enum(self) -> int:
        """Number of this dtype in TensorFlow's `DataType` enumeration (types.proto)."""
        return _ENUM[self.name]

    @property
    def zero(self) -> Any:
        """What zeros are made of: 0, False, or the empty string."""
        return {"string": b"", "bool": False}.get(self.kind, 0)

    def _limits(self) -> tuple[Any, Any]:
        if self.kind == "bool":
            return False, True
        if self.kind == "float":
            if self.name == "bfloat16":
                return -3.3895313892515355e38, 3.3895313892515355e38
            floats = np.finfo(self.as_numpy_dtype)
            return float(floats.min), float(floats.max)
        if self.is_integer:
            integers = np.iinfo(self.as_numpy_dtype)
            return int(integers.min), int(integers.max)
        raise TypeError(f"{self.name} has no smallest or largest value")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self.name == other.name
        if other is None:
            return False
        try:
            return as_dtype(other).name == self.name
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"ft.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: '{self.name}'>"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


bool_ = DType("bool", "bool", "bool", 8)
int8 = DType("int8", "i8", "int", 8)
int16 = DType("int16", "i16", "int", 16)
int32 = DType("int32", "i32", "int", 32)
int64 = DType("int64", "i64", "int", 64)
uint8 = DType("uint8", "u8", "uint", 8)
uint16 = DType("uint16", "u16", "uint", 16)
uint32 = DType("uint32", "u32", "uint", 32)
uint64 = DType("uint64", "u64", "uint", 64)
float16 = DType("float16", "f16", "float", 16)
bfloat16 = DType("bfloat16", "bf16", "float", 16)
float32 = DType("float32", "f32", "float", 32)
float64 = DType("float64", "f64", "float", 64)
complex64 = DType("complex64", "c64", "complex", 64)
complex128 = DType("complex128", "c128", "complex", 128)
string = DType("string", "str", "string", 0)

ALL: Final = (
    bool_, int8, int16, int32, int64, uint8, uint16, uint32, uint64,
    float16, bfloat16, float32, float64, complex64, complex128, string,
)  # fmt: skip
NUMERIC: Final = tuple(d for d in ALL if d.is_numeric)
REAL: Final = tuple(d for d in NUMERIC if not d.is_complex)
COMPILED: Final = (bool_, *REAL)
"""What kernels compute with; operations on anything else return to Python."""
FLOATING: Final = tuple(d for d in ALL if d.is_floating)

_ENUM: Final = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7,
    "complex64": 8, "int64": 9, "bool": 10, "bfloat16": 14, "uint16": 17,
    "complex128": 18, "float16": 19, "uint32": 22,
    "uint64": 23,
}  # fmt: skip
_BY_NAME: Final = {d.name: d for d in ALL} | {"half": float16, "float": float32, "double": float64}
_BY_SHORT: Final = {d.short: d for d in ALL}
_BY_ENUM: Final = {number: _BY_NAME[name] for name, number in _ENUM.items()}
_BY_PYTHON: Final[dict[object, DType]] = {bool: bool_, int: int32, float: float32,
                                          complex: complex128, str: string,
                                          bytes: string}  # fmt: skip
_BY_NUMPY: dict[np.dtype[Any], DType] = {
    np.dtype(d.name): d for d in ALL if d.name not in {"bfloat16", "string"}
} | {np.dtype(object): string}


@functools.cache
def _numpy_type(dtype: DType) -> type[Any]:
    if dtype is bfloat16:
        # ml_dtypes takes 20 ms to import and few programs need it.
        import ml_dtypes  # noqa: PLC0415

        _BY_NUMPY[np.dtype(ml_dtypes.bfloat16)] = bfloat16
        found: type[Any] = ml_dtypes.bfloat16
        return found
    return object if dtype is string else np.dtype(dtype.name).type


def of_array(array: np.ndarray[Any, Any]) -> DType:
    """Return the dtype of a NumPy array; `TypeError` if Freshet has none for it."""
    found = _BY_NUMPY.get(array.dtype)
    return found if found is not None else as_dtype(array.dtype)


def from_short(short: str) -> DType:
    """Return the dtype that prints as `short` in graphs and kernels; `ValueError` if none does."""
    if short not in _BY_SHORT:
        raise ValueError(f"unknown dtype {short!r}")
    return _BY_SHORT[short]


def as_dtype(value: object) -> DType:
    """Return the dtype that `value` names.

    Args:
        value: A `DType`, a name ("float32", "half", "f32"), a NumPy dtype or scalar type, or one
            of Python's `bool`, `int`, `float`, `str`, `bytes` (int32 and float32, as TensorFlow),
            or the number that files give it (`DType.as_datatype_enum`).

    Raises:
        TypeError: `value` names no dtype that Freshet has.

    Example:
        >>> as_dtype("float64").size
        8
    """
    if isinstance(value, DType):
        return value
    found: DType | None
    if isinstance(value, str):
        found = _BY_NAME.get(value) or _BY_SHORT.get(value)
    elif isinstance(value, type) and value in _BY_PYTHON:
        found = _BY_PYTHON[value]
    elif type(value) is int:
        found = _BY_ENUM.get(value)
    else:
        found = _from_numpy(value)
    if found is None:
        raise errors.DTypeError(
            f"{value!r} is not a dtype; expected one of {', '.join(d.name for d in ALL)}"
        )
    return found


def _from_numpy(value: object) -> DType | None:
    if value is None:
        return None  # NumPy's default is float64
    try:
        numpy_dtype = np.dtype(cast(Any, value))
    except TypeError:
        return None
    if numpy_dtype in _BY_NUMPY:
        return _BY_NUMPY[numpy_dtype]
    if numpy_dtype.kind in "US":
        return string
    if numpy_dtype.name == "bfloat16":
        _numpy_type(bfloat16)
        return bfloat16
    # A byte-swapped array has the elements of its native dtype.
    return _BY_NUMPY.get(numpy_dtype.newbyteorder("="))
