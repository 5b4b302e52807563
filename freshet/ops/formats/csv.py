"""Lines of comma-separated values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.strings.host import check_strings, filled, host_primitive, string_tensor
from freshet.ops.strings.numbers import parse_number

_KINDS: Final = frozenset({"float32", "float64", "int32", "int64", "string"})


def _fields(line: bytes, delimiter: bytes, quotes: bool) -> list[bytes]:
    """Return the fields of a line; in quotes a delimiter is text, and two quotes are one."""
    if not line:
        return []
    if not quotes or not (b'"' in line or b"\n" in line or b"\r" in line):
        return line.split(delimiter)
    return list(_quoted_fields(line, delimiter))


def _quoted_fields(line: bytes, delimiter: bytes) -> Iterator[bytes]:
    at = 0
    while at <= len(line):
        if line[at : at + 1] != b'"':
            end = line.find(delimiter, at)
            end = len(line) if end < 0 else end
            field = line[at:end]
            if any(mark in field for mark in (b'"', b"\n", b"\r")):
                raise InvalidArgumentError(
                    f"io.decode_csv: the field {field!r} has quotes or line ends in it but no "
                    "quotes around it"
                )
        else:
            field, end = _quoted(line, at + 1, delimiter)
        yield field
        at = end + 1


def _quoted(line: bytes, at: int, delimiter: bytes) -> tuple[bytes, int]:
    """Return the field after a quote, and where it ends."""
    parts = []
    while True:
        end = line.find(b'"', at)
        if end < 0:
            raise InvalidArgumentError(f"io.decode_csv: the quotes in {line!r} do not end")
        parts.append(line[at:end])
        after = line[end + 1 : end + 2]
        if after in {b"", delimiter}:
            return b'"'.join(parts), end + 1
        if after != b'"':
            raise InvalidArgumentError(
                f"io.decode_csv: a quote within quotes must be doubled: {line!r}"
            )
        at = end + 2


def _decode_csv(
    records: Array, *defaults: Array, delimiter: bytes, quotes: bool, missing: bytes,
    columns: tuple[int, ...] | None,
) -> tuple[Array, ...]:  # fmt: skip
    found: list[list[Any]] = [[] for _ in defaults]
    kinds = [dtypes.of_array(d) for d in defaults]
    for number, line in enumerate(records.reshape(-1)):
        fields = _fields(line, delimiter, quotes)
        if columns is not None:
            fields = [fields[c] for c in columns if c < len(fields)]
        if len(fields) != len(defaults):
            raise InvalidArgumentError(
                f"io.decode_csv: expected {len(defaults)} fields, record {number} has "
                f"{len(fields)}: {line!r}"
            )
        for column, (field, default) in enumerate(zip(fields, defaults, strict=True)):
            where = f"field {column} of record {number}"
            empty = field in {b"", missing}
            found[column].append(
                _default(default, where) if empty else _value(field, kinds[column], where)
            )
    return tuple(
        filled(records.shape, items, kind.as_numpy_dtype)
        for items, kind in zip(found, kinds, strict=True)
    )


def _default(default: Array, where: str) -> Any:
    if not default.size:
        raise InvalidArgumentError(f"io.decode_csv: {where} is empty but required")
    return default.reshape(-1)[0]


def _value(field: bytes, kind: DType, where: str) -> Any:
    if kind is dtypes.string:
        return field
    number = parse_number(field, kind)
    if number is None:
        raise InvalidArgumentError(f"io.decode_csv: {where} is no {kind.name}: {field!r}")
    return number


def _decode_csv_infer(records: TensorType, *defaults: TensorType, **params: Any) -> Any:
    del params
    check_strings("io.decode_csv", records)
    return tuple(TensorType(d.dtype, records.shape) for d in defaults)


decode_csv_p = host_primitive("decode_csv", _decode_csv_infer, _decode_csv)


def decode_csv(
    records: Any, record_defaults: Sequence[Any], field_delim: str = ",",
    use_quote_delim: bool = True, na_value: str = "", select_cols: Sequence[int] | None = None,
    name: str | None = None,
) -> list[Tensor]:  # fmt: skip
    """Return the columns of lines of comma-separated values.

    Args:
        records: The lines, strings of any shape.
        record_defaults: For each column a value that decides its dtype and stands where a field is
            empty: a number, a string, or a list of one; an empty tensor where a field is required.
            Dtypes are float32, float64, int32, int64 and string.
        field_delim: What separates fields, one character.
        use_quote_delim: Whether quotes hold a field together: what they enclose is text, two
            quotes stand for one.
        na_value: Another text that stands for an empty field.
        select_cols: Numbers of the columns that are returned, ascending; by default all.
        name: Ignored.

    Returns:
        A tensor for each default, of its dtype and the shape of `records`.

    Raises:
        InvalidArgumentError: A line has more or fewer fields than there are defaults, a field is no
            number, a required one is empty, or quotes are wrong.

    Example:
        >>> first, second = decode_csv(["1,a", ",b"], [[0], [""]])
        >>> first.numpy().tolist(), second.numpy().tolist()
        ([1, 0], [b'a', b'b'])

    Source: RFC 4180.
    """
    del name
    defaults = [convert_to_tensor(d) for d in record_defaults]
    for number, default in enumerate(defaults):
        if default.dtype.name not in _KINDS:
            raise DTypeError(
                f"io.decode_csv: a column must be one of {', '.join(sorted(_KINDS))}, default "
                f"{number} is {default._type}"
            )
        if default.ndim > 1 or default.shape.num_elements() not in {0, 1, None}:
            raise InvalidArgumentError(
                f"io.decode_csv: a default is one value or none, number {number} is {default._type}"
            )
    if len(field_delim.encode()) != 1:
        raise InvalidArgumentError(
            f"io.decode_csv: field_delim must be one character, received {field_delim!r}"
        )
    columns = None if select_cols is None else tuple(int(c) for c in select_cols)
    if columns is not None and (
        len(columns) != len(defaults)
        or np.any(np.diff(columns) <= 0)
        or min(columns, default=0) < 0
    ):
        raise InvalidArgumentError(
            f"io.decode_csv: select_cols must be ascending, one for each of the {len(defaults)} "
            f"defaults, received {list(columns)}"
        )
    return list(
        decode_csv_p.apply(
            (string_tensor("io.decode_csv", records), *defaults),
            {
                "delimiter": field_delim.encode(), "quotes": bool(use_quote_delim),
                "missing": na_value.encode(), "columns": columns,
            },
        )
    )  # fmt: skip
