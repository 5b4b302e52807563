"""Single strings to single strings or numbers: case, white space, length, parts of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType, broadcast_shapes
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.strings.host import (
    check_strings,
    choice,
    filled,
    host_primitive,
    mapped,
    on_strings,
    same_shape,
)

_UNITS = ("BYTE", "UTF8_CHAR")


# --- case and white space -------------------------------------------------------------------------


def _lower(text: bytes) -> bytes:
    return text.decode("utf-8", "replace").lower().encode()


def _upper(text: bytes) -> bytes:
    return text.decode("utf-8", "replace").upper().encode()


def _in_case(x: Array, ascii_only: Callable[[bytes], bytes], full: Callable[[bytes], bytes],
             encoding: str) -> Array:  # fmt: skip
    texts = x.reshape(-1).tolist()
    plain = not encoding or all(map(bytes.isascii, texts))
    return filled(x.shape, list(map(ascii_only if plain else full, texts)))


string_lower_p = host_primitive(
    "string_lower", same_shape("strings.lower", dtypes.string),
    lambda x, encoding: _in_case(x, bytes.lower, _lower, encoding),
)  # fmt: skip
string_upper_p = host_primitive(
    "string_upper", same_shape("strings.upper", dtypes.string),
    lambda x, encoding: _in_case(x, bytes.upper, _upper, encoding),
)  # fmt: skip
string_strip_p = host_primitive(
    "string_strip", same_shape("strings.strip", dtypes.string),
    lambda x: mapped(bytes.strip, x),
)  # fmt: skip


@dispatched
def lower(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Return each string in lower case.

    Args:
        input: Strings, a tensor or ragged tensor.
        encoding: ``""`` changes ASCII letters only, ``"utf-8"`` all letters; bytes that are not
            UTF-8 then become U+FFFD.
        name: Ignored.

    Raises:
        InvalidArgumentError: Another encoding.

    Example:
        >>> lower(["ÀB", "Cd"], encoding="utf-8")[0].numpy().decode()
        'àb'
    """
    del name
    way = choice("strings.lower", "encoding", encoding, ("", "utf-8"))
    return on_strings("strings.lower", input, lambda x: string_lower_p(x, encoding=way))


@dispatched
def upper(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Return each string in upper case; arguments as for `lower`.

    Example:
        >>> upper("straße", encoding="utf-8").numpy()
        b'STRASSE'
    """
    del name
    way = choice("strings.upper", "encoding", encoding, ("", "utf-8"))
    return on_strings("strings.upper", input, lambda x: string_upper_p(x, encoding=way))


@dispatched
def strip(input: Any, name: str | None = None) -> Any:
    """Return each string without ASCII white space at its ends.

    Example:
        >>> strip([" a b ", "c"]).numpy().tolist()
        [b'a b', b'c']
    """
    del name
    return on_strings("strings.strip", input, string_strip_p)


# --- length ---------------------------------------------------------------------------------------


_CONTINUATIONS = bytes(range(0x80, 0xC0))


def _length(x: Array, unit: str) -> Array:
    texts = x.reshape(-1).tolist()
    if unit == "UTF8_CHAR" and not all(map(bytes.isascii, texts)):
        # Every byte of UTF-8 that does not continue a character begins one.
        texts = [text.translate(None, _CONTINUATIONS) for text in texts]
    return np.fromiter(map(len, texts), np.int32, len(texts)).reshape(x.shape)


string_length_p = host_primitive(
    "string_length", same_shape("strings.length", dtypes.int32),
    _length,
)  # fmt: skip


@dispatched
def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """Return the length of each string.

    Args:
        input: Strings, a tensor or ragged tensor.
        unit: What is counted: ``"BYTE"`` or, in UTF-8, ``"UTF8_CHAR"``.
        name: Ignored.

    Returns:
        int32, of the input's shape.

    Raises:
        InvalidArgumentError: Another unit.

    Example:
        >>> length(["é", ""]).numpy().tolist(), length("é", "UTF8_CHAR").numpy()
        ([2, 0], np.int32(1))
    """
    del name
    way = choice("strings.length", "unit", unit, _UNITS)
    return on_strings("strings.length", input, lambda x: string_length_p(x, unit=way))


# --- parts ----------------------------------------------------------------------------------------


def _substr_infer(
    x: TensorType, pos: TensorType, length: TensorType, unit: str
) -> TensorType:  # fmt: skip
    del unit
    check_strings("strings.substr", x)
    if pos.dtype != length.dtype or pos.dtype not in {dtypes.int32, dtypes.int64}:
        raise DTypeError(
            f"strings.substr: pos and len must both be int32 or int64, received {pos} and {length}"
        )
    if pos.rank != length.rank:
        raise InvalidArgumentError(
            f"strings.substr: pos and len must have one shape, received {pos} and {length}"
        )
    return TensorType(dtypes.string, broadcast_shapes("strings.substr", [x.shape, pos.shape]))


def _characters(text: bytes) -> list[bytes]:
    """Return the characters of UTF-8; bytes that continue nothing go with what is before."""
    starts = [i for i, byte in enumerate(text) if byte & 0xC0 != 0x80]
    return [text[i:j] for i, j in zip(starts, [*starts[1:], len(text)], strict=True)]


def _same_parts(texts: list[bytes], start: int, count: int) -> list[bytes] | None:
    """Return the same part of each string; None if one has no such place."""
    if min(map(len, texts)) < (start if start >= 0 else -start):
        return None
    end = start + count if start >= 0 or start + count < 0 else None
    return [text[start:end] for text in texts]


def _substr(x: Array, pos: Array, size: Array, unit: str) -> Array:
    if pos.shape != size.shape:
        raise InvalidArgumentError(
            f"strings.substr: pos and len must have one shape, received {pos.shape} and "
            f"{size.shape}"
        )
    if pos.size == 1 and x.size and unit == "BYTE" and pos.ndim <= x.ndim:
        found = _same_parts(x.reshape(-1).tolist(), pos.item(), max(size.item(), 0))
        if found is not None:
            return filled(x.shape, found)
    texts, starts, counts = np.broadcast_arrays(x, pos, size)
    items = []
    for text, start, count in zip(texts.flat, starts.flat, counts.flat, strict=True):
        parts = _characters(text) if unit == "UTF8_CHAR" else text
        first = int(start) + (len(parts) if start < 0 else 0)
        if not 0 <= first <= len(parts):
            raise InvalidArgumentError(
                f"strings.substr: pos {start} is outside {text!r}, which has {len(parts)} "
                + ("characters" if unit == "UTF8_CHAR" else "bytes")
            )
        part = parts[first : first + max(int(count), 0)]
        items.append(part if isinstance(part, bytes) else b"".join(part))
    return filled(texts.shape, items)


substr_p = host_primitive("substr", _substr_infer, _substr)


@dispatched
def substr(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """Return a part of each string.

    Args:
        input: Strings, a tensor or ragged tensor.
        pos: Where the part begins: int32 or int64; negative numbers count from the end.
        len: How long it is, of the dtype and shape of `pos`; shorter at the end of the string. Both
            broadcast with the strings.
        unit: What is counted: ``"BYTE"`` or, in UTF-8, ``"UTF8_CHAR"``.
        name: Ignored.

    Raises:
        InvalidArgumentError: A part begins outside its string.

    Example:
        >>> substr(["freshet", "water"], [0, -3], [5, 2]).numpy().tolist()
        [b'fresh', b'te']
    """
    del name
    way = choice("strings.substr", "unit", unit, _UNITS)
    start = convert_to_tensor(pos)
    size = convert_to_tensor(len, dtype_hint=start.dtype)
    if not isinstance(pos, Tensor) and isinstance(len, Tensor):
        start = convert_to_tensor(pos, dtype_hint=size.dtype)
    return on_strings("strings.substr", input, lambda x: substr_p(x, start, size, unit=way))
