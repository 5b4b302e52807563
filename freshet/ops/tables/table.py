"""What all tables share: entries in a dictionary, and the primitives that read and change it.

A graph names a table by its handle, a string; the handle that a graph holds keeps the table alive.
Tables that never change are read like constants. Operations on those that do have effects, so that
they run in the order of the program.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.composite import CompositeTensor
from freshet.core.dtypes import DType
from freshet.core.errors import (
    DTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
)
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.strings.host import filled, host_primitive, is_ragged

_TABLES: Final[weakref.WeakValueDictionary[str, Entries]] = weakref.WeakValueDictionary()
_NUMBER: Final = itertools.count()


class Handle(str):
    """The name of a table's entries in printed graphs; it keeps them alive."""

    __slots__ = ("entries",)
    entries: Entries


class Entries:
    """Keys and their values, the same for all who use a table.

    Attributes:
        key: Dtype of the keys.
        value: Type of one value.
        rows: For each key its value: an array of that type, or a number or string of Python for
            single values.
        lock: Held while they change.
    """

    def __init__(self, key: DType, value: TensorType) -> None:
        self.key = key
        self.value = value
        self.rows: dict[Any, Any] = {}
        self.lock = threading.Lock()

    def handle(self, name: str) -> Handle:
        """Return the handle by which graphs find these entries."""
        handle = Handle(f"{name}_{next(_NUMBER)}")
        handle.entries = self
        _TABLES[handle] = self
        return handle

    def put(self, keys: Array, values: Array) -> None:
        """Set the values of keys; of several for one key, the last counts."""
        rows = values.reshape(keys.size, *self.value.static_shape)
        rows = np.asarray(rows, self.value.dtype.as_numpy_dtype)
        found = [row.copy() for row in rows] if self.value.rank else rows.tolist()
        with self.lock:
            self.rows.update(zip(keys.reshape(-1).tolist(), found, strict=True))

    def find(self, keys: Array, default: Array) -> Array:
        """Return the value of each key, for others the default: one, or one for each key."""
        shape = self.value.static_shape
        if not shape and not default.ndim:
            others = itertools.repeat(default.item())
            values = list(map(self.rows.get, keys.reshape(-1).tolist(), others))
            return filled(keys.shape, values, self.value.dtype.as_numpy_dtype)
        each = default.ndim > len(shape)
        found: Array = np.empty((keys.size, *shape), self.value.dtype.as_numpy_dtype)
        found[...] = default.reshape(found.shape) if each else default
        rows = self.rows
        for i, key in enumerate(keys.reshape(-1).tolist()):
            row = rows.get(key)
            if row is not None:
                found[i] = row
        return found.reshape((*keys.shape, *shape))

    def remove(self, keys: Array) -> None:
        """Remove keys; those that are not there do not matter."""
        with self.lock:
            for key in keys.reshape(-1).tolist():
                self.rows.pop(key, None)

    def arrays(self) -> tuple[Array, Array]:
        """Return all keys and their values, in the order in which the keys came."""
        with self.lock:
            items = list(self.rows.items())
        keys = np.empty(len(items), self.key.as_numpy_dtype)
        keys[:] = [key for key, _ in items]
        values = np.empty((len(items), *self.value.static_shape), self.value.dtype.as_numpy_dtype)
        for i, (_, row) in enumerate(items):
            values[i] = row
        return keys, values


def _entries(name: str) -> Entries:
    found = name.entries if isinstance(name, Handle) else _TABLES.get(name)
    if found is None:
        raise NotFoundError(f"the table {name!r} is gone: nothing refers to it any more")
    return found


# --- primitives -----------------------------------------------------------------------------------


def _find_infer(keys: TensorType, default: TensorType, table: str) -> TensorType:
    entries = _entries(table)
    shape = (*keys.shape, *entries.value.shape)
    if default.rank not in {entries.value.rank, len(shape)}:
        raise InvalidArgumentError(
            f"lookup: the default must be one value, {entries.value}, or one for each key, of "
            f"shape {shape}; received {default}"
        )
    return TensorType(entries.value.dtype, shape)


def _find(keys: Array, default: Array, table: str) -> Array:
    return _entries(table).find(keys, default)


def _put(keys: Array, values: Array, table: str) -> Array:
    entries = _entries(table)
    if values.shape != (*keys.shape, *entries.value.static_shape):
        raise InvalidArgumentError(
            f"insert: keys of shape {keys.shape} need values of shape "
            f"{(*keys.shape, *entries.value.static_shape)}, received {values.shape}"
        )
    entries.put(keys, values)
    return np.asarray(len(entries.rows))


def _remove(keys: Array, table: str) -> Array:
    _entries(table).remove(keys)
    return np.asarray(len(_entries(table).rows))


def _count(*types: TensorType, table: str) -> TensorType:
    del types, table
    return TensorType(dtypes.int64, ())


def _export_infer(table: str) -> tuple[TensorType, TensorType]:
    entries = _entries(table)
    values = TensorType(entries.value.dtype, (None, *entries.value.shape))
    return TensorType(entries.key, (None,)), values


table_find_p = host_primitive("table_find", _find_infer, _find)
table_find_now_p = host_primitive("table_find_now", _find_infer, _find, effect=True)
table_insert_p = host_primitive("table_insert", _count, _put, effect=True)
table_remove_p = host_primitive("table_remove", _count, _remove, effect=True)
table_size_p = host_primitive(
    "table_size", _count, lambda table: np.asarray(len(_entries(table).rows)), effect=True
)
table_export_p = host_primitive(
    "table_export", _export_infer, lambda table: _entries(table).arrays(), effect=True
)


# --- what users see -------------------------------------------------------------------------------


class LookupInterface:
    """A table from keys to values.

    Attributes:
        key_dtype: Dtype of the keys.
        value_dtype: Dtype of the values.
        name: The table's name.
    """

    def __init__(self, key_dtype: DType, value_dtype: DType, name: str) -> None:
        self.key_dtype = key_dtype
        self.value_dtype = value_dtype
        self.name = name

    @abstractmethod
    def size(self, name: str | None = None) -> Tensor:
        """Return how many entries there are, int64."""

    lookup: Callable[..., Any]

    def __getitem__(self, keys: Any) -> Any:
        return self.lookup(keys)

    def _keys(self, keys: Any) -> Tensor:
        """Return keys as a tensor.

        Raises:
            DTypeError: They have another dtype than the table's.
        """
        tensor = convert_to_tensor(keys, dtype_hint=self.key_dtype)
        if isinstance(keys, (list, tuple)) and not tensor.shape.num_elements():
            tensor = convert_to_tensor(np.zeros(tensor.shape, self.key_dtype.as_numpy_dtype))
        if tensor.dtype != self.key_dtype:
            raise DTypeError(
                f"{self.name}: keys must be {self.key_dtype.name}, received {tensor._type}; "
                "ft.cast and ft.strings.as_string convert them"
            )
        return tensor


def on_keys(keys: Any, find: Any) -> Any:
    """Return what `find` makes of keys, also of those in a ragged or sparse tensor."""
    if is_ragged(keys):
        return keys.with_flat_values(find(keys.flat_values))
    if isinstance(keys, CompositeTensor):  # a sparse tensor
        return keys.with_values(find(keys.values))  # type: ignore[attr-defined]
    return find(keys)


def initial_rows(entries: Entries, keys: Array, values: Array, name: str) -> None:
    """Fill a table that never changes.

    Raises:
        FailedPreconditionError: A key has two values.
        InvalidArgumentError: There are more or fewer values than keys.
    """
    if keys.shape != values.shape:
        raise InvalidArgumentError(
            f"{name}: as many values as keys are needed, received {values.shape} and {keys.shape}"
        )
    known: dict[Any, Any] = {}
    pairs: Sequence[tuple[Any, Any]] = list(
        zip(keys.reshape(-1).tolist(), values.reshape(-1).tolist(), strict=True)
    )
    for key, value in pairs:
        if known.setdefault(key, value) != value:
            raise FailedPreconditionError(
                f"{name}: the key {key!r} has two values, {known[key]!r} and {value!r}"
            )
    entries.put(keys, values)
