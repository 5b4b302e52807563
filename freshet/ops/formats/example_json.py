"""Examples written in JSON."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any, Final

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.ops.formats.varint import varint
from freshet.ops.strings.host import host_primitive, mapped, on_strings, same_shape

_LISTS: Final = {"bytesList": 1, "floatList": 2, "int64List": 3, "bytes_list": 1, "float_list": 2,
                 "int64_list": 3}  # fmt: skip
"""The numbers of the fields of a feature, under both names that JSON may use."""


def _field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def _members(value: Any, *names: str) -> Iterator[Any]:
    """Return the member of an object that has one of two names; there may be no other member."""
    if not isinstance(value, dict):
        raise ValueError(f"expected an object with {names[0]!r}, received {value!r}")
    for key, item in value.items():
        if key not in names:
            raise ValueError(f"there is no field {key!r}, expected {names[0]!r}")
        if item is not None:
            yield item


def _item(number: int, value: Any) -> bytes:
    """Return one value of a list, with the field's number and kind before it."""
    if number == 1:
        data = str(value).replace("-", "+").replace("_", "/")
        return _field(1, base64.b64decode(data + "=" * (-len(data) % 4), validate=True))
    if number == 2:
        return b"\x0d" + struct.pack("<f", float(value))
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{value!r} is no integer")
    return b"\x08" + varint(int(value))


def _feature(value: Any) -> bytes:
    if not isinstance(value, dict):
        raise ValueError(f"expected a feature, received {value!r}")
    found = b""
    for key, content in value.items():
        if key not in _LISTS:
            raise ValueError(f"there is no field {key!r}, expected one of {', '.join(_LISTS)}")
        items = [item for group in _members(content, "value") for item in group]
        found += _field(_LISTS[key], b"".join(_item(_LISTS[key], item) for item in items))
    return found


def _example(text: bytes) -> bytes:
    """Return the serialized example that JSON describes."""
    try:
        found = b""
        for features in _members(json.loads(text), "features"):
            entries = b""
            for feature in _members(features, "feature"):
                for key, value in feature.items():
                    entry = _field(1, key.encode()) + _field(2, _feature(value))
                    entries += _field(1, entry)
            found += _field(1, entries)
    except (ValueError, TypeError, AttributeError, OverflowError, struct.error) as error:
        raise InvalidArgumentError(
            f"io.decode_json_example: {text[:80]!r} is no example: {error}"
        ) from None
    return found


decode_json_example_p = host_primitive(
    "decode_json_example", same_shape("io.decode_json_example", dtypes.string),
    lambda x: mapped(_example, x),
)  # fmt: skip


def decode_json_example(json_examples: Any, name: str | None = None) -> Any:
    """Return examples written in JSON as serialized examples, which `parse_example` takes.

    Args:
        json_examples: Strings, each an `Example` as protocol buffers write it in JSON: bytes are
            written in base 64.
        name: Ignored.

    Raises:
        InvalidArgumentError: A string is no JSON, or no example.

    Example:
        >>> text = '{"features": {"feature": {"a": {"int64List": {"value": [1]}}}}}'
        >>> decode_json_example(text).numpy().hex()
        '0a0b0a090a016112041a020801'

    Source: protobuf.dev/programming-guides/json.
    """
    del name
    return on_strings("io.decode_json_example", json_examples, decode_json_example_p)
