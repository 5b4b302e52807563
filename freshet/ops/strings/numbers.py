"""Numbers to strings and back."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.strings.host import (
    check_strings,
    filled,
    host_primitive,
    is_ragged,
    mapped,
    on_strings,
)

# --- to strings -----------------------------------------------------------------------------------


def _written(x: Array, spec: str, precision: int, style: str) -> list[bytes]:
    """Return how each element is written; `spec` is C's, flags and width."""
    kind = dtypes.of_array(x)
    items = x.reshape(-1)
    digits = f".{precision}" if precision >= 0 else ""
    if kind.is_complex:
        part = f"%{spec}{digits}{style}"
        return [f"({part % z.real},{part % z.imag})".encode() for z in items]
    if kind.is_bool:
        return [b"true" if truth else b"false" for truth in items]
    if not kind.is_floating:
        return _each(f"%{spec}d", items.tolist())
    numbers = items.astype(np.float64)
    usual = f"%{spec}{digits}{style}"
    if not spec.startswith("0") or np.isfinite(numbers).all():
        return _each(usual, numbers.tolist())
    # What is not finite is filled with spaces, as C does.
    odd = f"%{spec.removeprefix('0')}{style}"
    return [((usual if math.isfinite(z) else odd) % z).encode() for z in numbers.tolist()]


def _each(form: str, numbers: list[Any]) -> list[bytes]:
    """Return each number as a form writes it: all of them in one text, which is cut at zeros."""
    text = f"{form}\0".encode() * len(numbers) % tuple(numbers)
    return text.split(b"\0")[:-1]


def _as_string(x: Array, precision: int, style: str, width: int, fill: str) -> Array:
    if dtypes.of_array(x) is dtypes.string:
        padded = bytes.ljust if fill == "-" else bytes.rjust
        return mapped(lambda text: padded(text, max(width, 0)), x)
    spec = fill.strip() + (str(width) if width > 0 else "")
    return filled(x.shape, _written(x, spec, precision, style))


as_string_p = host_primitive(
    "as_string", lambda x, **params: TensorType(dtypes.string, x.shape), _as_string
)


@dispatched
def as_string(
    input: Any, precision: int = -1, scientific: bool = False, shortest: bool = False,
    width: int = -1, fill: str = "", name: str | None = None,
) -> Any:  # fmt: skip
    """Return each element as a string.

    Args:
        input: Numbers, booleans or strings, a tensor or ragged tensor.
        precision: Of floats, how many digits are behind the point; -1, the default, for 6.
        scientific: Whether floats are written as ``1.5e+10``.
        shortest: Whether floats are written without zeros at the end, in whichever notation is
            shorter; `precision` then counts all digits.
        width: The least number of characters; spaces are put before.
        fill: What is done to reach it: "0" puts zeros before, "-" spaces behind, " " a space where
            a sign would be, "+" a sign before positive numbers.
        name: Ignored.

    Raises:
        InvalidArgumentError: An option does not go with the dtype or with another option.

    Example:
        >>> as_string([3.14159, 2.0], precision=2).numpy().tolist()
        [b'3.14', b'2.00']
        >>> as_string(7, width=3, fill="0").numpy()
        b'007'
    """
    del name
    if is_ragged(input):
        values = as_string(input.flat_values, precision, scientific, shortest, width, fill)
        return input.with_flat_values(values)
    x = convert_to_tensor(input)
    if len(fill) > 1 or fill not in " +-0":
        raise InvalidArgumentError(
            f"as_string: fill must be '', ' ', '+', '-' or '0', received {fill!r}"
        )
    if scientific and shortest:
        raise InvalidArgumentError("as_string: choose one of scientific and shortest, not both")
    if not (x.dtype.is_differentiable or x.dtype is dtypes.string) and (
        precision > -1 or scientific or shortest
    ):
        raise InvalidArgumentError(
            f"as_string: precision, scientific and shortest are for floats, received {x._type}"
        )
    style = "e" if scientific else "g" if shortest else "f"
    return as_string_p(x, precision=int(precision), style=style, width=int(width), fill=fill)


# --- from strings ---------------------------------------------------------------------------------

_WHOLE: Final = re.compile(rb"\s*[+-]?[0-9]+\s*")
_FLOAT: Final = re.compile(
    rb"\s*[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf|infinity|nan)\s*",
    re.IGNORECASE,
)
_HEXADECIMAL: Final = re.compile(rb"\s*[+-]?0x[0-9a-f]+\s*", re.IGNORECASE)
_OF_WHOLE: Final = b"0123456789+- \t\n\r\f\v"
_OF_FLOATS: Final = _OF_WHOLE + b".eE"
_PARSED: Final = frozenset({"float32", "float64", "int32", "int64", "uint32", "uint64"})


def parse_number(text: bytes, kind: DType) -> Any:
    """Return the number that a string is; None if it is none of the dtype."""
    if kind.is_floating:
        if _HEXADECIMAL.fullmatch(text):
            return float(int(text, 16))
        return float(text) if _FLOAT.fullmatch(text) else None
    if not _WHOLE.fullmatch(text):
        return None
    number = int(text)
    return number if kind.min <= number <= kind.max else None


def _to_number(x: Array, dtype: DType) -> Array:
    texts = x.reshape(-1).tolist()
    found = _plain_numbers(texts, dtype)
    if found is None:
        found = np.asarray([_number(text, dtype) for text in texts], dtype.as_numpy_dtype)
    return found.reshape(x.shape)


def _plain_numbers(texts: list[bytes], dtype: DType) -> Array | None:
    """Return the numbers of strings that hold nothing but digits, signs and the like.

    Of these, Python reads what we do, and at once; None where it refuses one, or there are others.
    """
    known = _OF_FLOATS if dtype.is_floating else _OF_WHOLE
    if b"".join(texts).translate(None, known):
        return None
    try:
        found = list(map(float if dtype.is_floating else int, texts))
        if dtype.is_floating:
            return np.asarray(found, dtype.as_numpy_dtype)
        wide = np.asarray(found, np.uint64 if dtype.bits == 64 and dtype.min == 0 else np.int64)
    except (ValueError, OverflowError):
        return None
    if wide.size and not dtype.min <= wide.min() <= wide.max() <= dtype.max:
        return None
    return wide.astype(dtype.as_numpy_dtype, copy=False)


def _number(text: bytes, dtype: DType) -> Any:
    found = parse_number(text, dtype)
    if found is None:
        raise InvalidArgumentError(f"strings.to_number: {text!r} is no {dtype.name}")
    return found


def _to_number_infer(x: TensorType, dtype: DType) -> TensorType:
    check_strings("strings.to_number", x)
    return TensorType(dtype, x.shape)


to_number_p = host_primitive("to_number", _to_number_infer, _to_number)


@dispatched
def to_number(input: Any, out_type: Any = dtypes.float32, name: str | None = None) -> Any:
    """Return each string as a number.

    Args:
        input: Strings, a tensor or ragged tensor; white space around a number does not matter.
        out_type: float32, the default, float64, int32, int64, uint32 or uint64.
        name: Ignored.

    Raises:
        InvalidArgumentError: A string is no number of that dtype.

    Example:
        >>> to_number(["1.5", " 2e3"]).numpy().tolist()
        [1.5, 2000.0]
    """
    del name
    kind = as_dtype(out_type)
    if kind.name not in _PARSED:
        raise DTypeError(
            f"strings.to_number: out_type must be one of {', '.join(sorted(_PARSED))}, received "
            f"{kind.name}"
        )
    return on_strings("strings.to_number", input, lambda x: to_number_p(x, dtype=kind))


# --- as they are printed --------------------------------------------------------------------------


def number_text(value: Any) -> str:
    """Return a number in as few digits as give it back, of 6 and 9 (float64: of 15 and 17).

    Example:
        >>> number_text(np.float32(0.1)), number_text(np.float32(1 / 3))
        ('0.1', '0.333333343')
        >>> number_text(np.complex64(1 - 2j))
        '(1-2j)'
    """
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, np.complexfloating):
        imaginary = number_text(value.imag)
        return f"({number_text(value.real)}{'' if imaginary[0] == '-' else '+'}{imaginary}j)"
    if isinstance(value, np.float64):
        short = f"{value:.15g}"
        return short if np.float64(short) == value or np.isnan(value) else f"{value:.17g}"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    single = np.float32(value)
    short = f"{single:.6g}"
    return short if np.float32(short) == single or np.isnan(single) else f"{single:.9g}"
