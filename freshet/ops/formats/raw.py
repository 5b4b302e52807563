"""Strings of bytes that are numbers, compressed, or written in base 64."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DataLossError, DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array
from freshet.ops.dispatch import dispatched
from freshet.ops.strings.host import (
    check_strings,
    choice,
    host_primitive,
    mapped,
    on_strings,
    same_shape,
    string_tensor,
)

# --- numbers --------------------------------------------------------------------------------------


def _decode_raw(x: Array, dtype: DType, little: bool, length: int | None) -> Array:
    kind = np.dtype(dtype.as_numpy_dtype)
    texts = x.reshape(-1).tolist()
    if length is not None:
        texts = [text[:length].ljust(length, b"\0") for text in texts]
    size = len(texts[0]) if texts else 0
    for number, text in enumerate(texts):
        if len(text) != size:
            raise InvalidArgumentError(
                f"io.decode_raw: all strings must be of one length, string {number} has "
                f"{len(text)} bytes, the first {size}; fixed_length pads them"
            )
    if size % kind.itemsize:
        raise InvalidArgumentError(
            f"io.decode_raw: {size} bytes are no whole number of {dtype.name}, of {kind.itemsize} "
            "bytes each"
        )
    found = np.frombuffer(b"".join(texts), kind).reshape(*x.shape, size // kind.itemsize)
    # The parts of a complex number are swapped one by one, as NumPy does.
    return found if little else found.byteswap()


def _decode_raw_infer(x: TensorType, dtype: DType, little: bool, length: int | None) -> TensorType:
    del little
    check_strings("io.decode_raw", x)
    return TensorType(dtype, (*x.shape, None if length is None else length // dtype.size))


decode_raw_p = host_primitive("decode_raw", _decode_raw_infer, _decode_raw)


@dispatched
def decode_raw(
    input_bytes: Any, out_type: Any, little_endian: bool = True, fixed_length: int | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    r"""Return the numbers whose bytes strings hold.

    Args:
        input_bytes: Strings, all of one length unless `fixed_length` is given.
        out_type: Dtype of the numbers.
        little_endian: Whether each number's first byte is its lowest.
        fixed_length: How many bytes of each string are used; a shorter one is filled with zeros.
        name: Ignored.

    Returns:
        Numbers of shape ``input_bytes.shape + [bytes / size of a number]``.

    Raises:
        InvalidArgumentError: The lengths differ or are no multiple of a number's size, or strings
            are asked for.

    Example:
        >>> decode_raw([b"\x01\x00\x02\x00"], "int16").numpy().tolist()
        [[1, 2]]
    """
    del name
    kind = as_dtype(out_type)
    if kind is dtypes.string:
        raise DTypeError("io.decode_raw: out_type must be numbers, received string")
    if fixed_length is not None and (fixed_length <= 0 or fixed_length % kind.size):
        raise InvalidArgumentError(
            f"io.decode_raw: fixed_length must be a positive multiple of {kind.size}, the size of "
            f"{kind.name}, received {fixed_length}"
        )
    x = string_tensor("io.decode_raw", input_bytes)
    return decode_raw_p(x, dtype=kind, little=bool(little_endian), length=fixed_length)


# --- compressed -----------------------------------------------------------------------------------

_WINDOW: Final = {"ZLIB": 15, "GZIP": 31}


def _decompressed(text: bytes, way: str) -> bytes:
    try:
        return zlib.decompress(text, _WINDOW[way]) if way else text
    except zlib.error as error:
        raise DataLossError(
            f"io.decode_compressed: {len(text)} bytes are not {way}: {error}"
        ) from None


decode_compressed_p = host_primitive(
    "decode_compressed", same_shape("io.decode_compressed", dtypes.string),
    lambda x, way: mapped(lambda text: _decompressed(text, way), x),
)  # fmt: skip


def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Any:
    """Return each string decompressed.

    Args:
        bytes: Strings.
        compression_type: ``"ZLIB"``, ``"GZIP"``, or ``""`` for strings that are not compressed.
        name: Ignored.

    Raises:
        InvalidArgumentError: Another compression.
        DataLossError: A string is not compressed that way.

    Example:
        >>> import zlib
        >>> decode_compressed(zlib.compress(b"abc"), "ZLIB").numpy()
        b'abc'
    """
    del name
    way = choice("io.decode_compressed", "compression_type", compression_type, ("", "ZLIB", "GZIP"))
    return on_strings("io.decode_compressed", bytes, lambda x: decode_compressed_p(x, way=way))


# --- base 64 --------------------------------------------------------------------------------------

_SAFE: Final = re.compile(rb"(?:[\w-]{4})*(?:[\w-]{2}(?:==)?|[\w-]{3}=?)?")  # of bytes: ASCII


def _encoded(text: bytes, pad: bool) -> bytes:
    found = base64.urlsafe_b64encode(text)
    return found if pad else found.rstrip(b"=")


def _decoded(text: bytes) -> bytes:
    if not _SAFE.fullmatch(text):
        raise InvalidArgumentError(
            f"io.decode_base64: {text[:80]!r} is not base 64 of the safe kind, with - and _ in the "
            "place of + and /"
        )
    try:
        return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error as error:
        raise InvalidArgumentError(f"io.decode_base64: {text[:80]!r}: {error}") from None


encode_base64_p = host_primitive(
    "encode_base64", same_shape("io.encode_base64", dtypes.string),
    lambda x, pad: mapped(lambda text: _encoded(text, pad), x),
)  # fmt: skip
decode_base64_p = host_primitive(
    "decode_base64", same_shape("io.decode_base64", dtypes.string), lambda x: mapped(_decoded, x)
)


@dispatched
def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Any:
    """Return each string in base 64, in the alphabet that is safe in web addresses.

    Args:
        input: Strings, a tensor or ragged tensor.
        pad: Whether ``=`` fills the last group of four.
        name: Ignored.

    Example:
        >>> encode_base64(["hello", "a?>"]).numpy().tolist()
        [b'aGVsbG8', b'YT8-']

    Source: RFC 4648, section 5.
    """
    del name
    return on_strings("io.encode_base64", input, lambda x: encode_base64_p(x, pad=bool(pad)))


@dispatched
def decode_base64(input: Any, name: str | None = None) -> Any:
    """Return what strings in base 64 stand for; the inverse of `encode_base64`.

    Args:
        input: Strings, with or without ``=`` at the end; a tensor or ragged tensor.
        name: Ignored.

    Raises:
        InvalidArgumentError: A string is not base 64.

    Example:
        >>> decode_base64("aGVsbG8").numpy()
        b'hello'
    """
    del name
    return on_strings("io.decode_base64", input, decode_base64_p)
