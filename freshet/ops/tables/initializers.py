"""Where the entries of a table that never changes come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Final, final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.strings.numbers import parse_number


@final
class TextFileIndex:
    """What of a line is a key or a value: the line, its number (from 0), or a column (0 and on)."""

    WHOLE_LINE: Final = -2
    LINE_NUMBER: Final = -1


class TableInitializerBase(ABC):
    """The entries of a table.

    Attributes:
        key_dtype: Dtype of the keys.
        value_dtype: Dtype of the values.
    """

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self.key_dtype = as_dtype(key_dtype)
        self.value_dtype = as_dtype(value_dtype)

    @abstractmethod
    def _entries(self) -> tuple[Array, Array]:
        """Return keys and values."""

    def initialize(self, table: Any) -> None:
        """Do nothing: tables take their entries when they are made. Kept for TensorFlow programs.

        Raises:
            DTypeError: The table has other dtypes.
        """
        if (table.key_dtype, table.value_dtype) != (self.key_dtype, self.value_dtype):
            raise DTypeError(
                f"initialize: the table maps {table.key_dtype.name} to {table.value_dtype.name}, "
                f"the entries map {self.key_dtype.name} to {self.value_dtype.name}"
            )


@final
class KeyValueTensorInitializer(TableInitializerBase):
    """Entries from two tensors of one shape.

    Args:
        keys: The keys.
        values: Their values, in the same order.
        key_dtype: Dtype of the keys; by default what `convert_to_tensor` makes of them.
        value_dtype: Dtype of the values; by default what `convert_to_tensor` makes of them.
        name: Ignored.

    Example:
        >>> KeyValueTensorInitializer(["a", "b"], [1.0, 2.0]).value_dtype
        ft.float32
    """

    def __init__(
        self, keys: Any, values: Any, key_dtype: Any = None, value_dtype: Any = None,
        name: str | None = None,
    ) -> None:  # fmt: skip
        del name
        self._keys = convert_to_tensor(keys, dtype=key_dtype)
        self._values = convert_to_tensor(values, dtype=value_dtype)
        super().__init__(self._keys.dtype, self._values.dtype)

    def _entries(self) -> tuple[Array, Array]:
        return self._keys._value, self._values._value


@final
class TextFileInitializer(TableInitializerBase):
    """Entries from the lines of a text file.

    Args:
        filename: The file.
        key_dtype: Dtype of the keys: string, int64 or another integer.
        key_index: What of a line is the key: `TextFileIndex.WHOLE_LINE`, its
            `TextFileIndex.LINE_NUMBER`, or the number of a column, from 0.
        value_dtype: Dtype of the values.
        value_index: What of a line is the value, like `key_index`.
        vocab_size: How many lines are read; by default all.
        delimiter: What separates columns.
        name: Ignored.
        value_index_offset: Number of the first line, where the value is a line's number.

    Raises:
        InvalidArgumentError: An index does not go with its dtype. When the table is made: the file
            has fewer lines than `vocab_size`, or a line lacks a column or has no number there.
        NotFoundError: When the table is made: there is no such file.
    """

    def __init__(
        self, filename: Any, key_dtype: Any, key_index: int, value_dtype: Any, value_index: int,
        vocab_size: int | None = None, delimiter: str = "\t", name: str | None = None,
        value_index_offset: int = 0,
    ) -> None:  # fmt: skip
        del name
        super().__init__(key_dtype, value_dtype)
        if isinstance(filename, Tensor):
            filename = filename.numpy().decode()
        self._filename = str(filename)
        if not self._filename:
            raise InvalidArgumentError("TextFileInitializer: filename is empty")
        if vocab_size is not None and vocab_size <= 0:
            raise InvalidArgumentError(
                f"TextFileInitializer: vocab_size must be at least 1, received {vocab_size}"
            )
        self._size, self._delimiter, self._offset = vocab_size, delimiter, value_index_offset
        self._columns = (key_index, value_index)
        for what, index, kind in (
            ("key", key_index, self.key_dtype), ("value", value_index, self.value_dtype)
        ):  # fmt: skip
            _check_index(what, index, kind)

    def _entries(self) -> tuple[Array, Array]:
        from freshet.io.files import read_lines  # noqa: PLC0415 (io stands above operations)

        lines = read_lines(self._filename)
        if self._size is not None and len(lines) < self._size:
            raise InvalidArgumentError(
                f"{self._filename}: has {len(lines)} lines, vocab_size is {self._size}"
            )
        lines = lines[: self._size]
        kinds = self.key_dtype, self.value_dtype
        columns = [
            [self._part(number, line, index, kind, offset) for number, line in enumerate(lines)]
            for index, kind, offset in zip(self._columns, kinds, (0, self._offset), strict=True)
        ]
        found = []
        for items, kind in zip(columns, kinds, strict=True):
            array = np.empty(len(items), kind.as_numpy_dtype)
            array[:] = items
            found.append(array)
        return found[0], found[1]

    def _part(self, number: int, line: bytes, index: int, kind: DType, offset: int) -> Any:
        if index == TextFileIndex.LINE_NUMBER:
            return number + offset
        text = line
        if index != TextFileIndex.WHOLE_LINE:
            parts = line.split(self._delimiter.encode())
            if index >= len(parts):
                raise InvalidArgumentError(
                    f"{self._filename}: line {number} has {len(parts)} columns, number {index} was "
                    f"asked for: {line!r}"
                )
            text = parts[index]
        if kind is dtypes.string:
            return text
        value = parse_number(text, kind)
        if value is None:
            raise InvalidArgumentError(
                f"{self._filename}: line {number}: {text!r} is no {kind.name}"
            )
        return value


def _check_index(what: str, index: int, kind: DType) -> None:
    if index < TextFileIndex.WHOLE_LINE:
        raise InvalidArgumentError(
            f"TextFileInitializer: {what}_index must be a column or a value of TextFileIndex, "
            f"received {index}"
        )
    if index == TextFileIndex.LINE_NUMBER and not kind.is_integer:
        raise InvalidArgumentError(
            f"TextFileInitializer: a line's number is an integer, received {what}_dtype {kind.name}"
        )
    if index == TextFileIndex.WHOLE_LINE and kind is not dtypes.string and not kind.is_integer:
        raise InvalidArgumentError(
            f"TextFileInitializer: a whole line is a string or an integer, received {what}_dtype "
            f"{kind.name}"
        )
