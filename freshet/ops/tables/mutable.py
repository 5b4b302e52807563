"""Tables that change: entries are put in and removed while a program runs."""

from __future__ import annotations

from typing import Any

from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.tables.table import (
    Entries,
    LookupInterface,
    on_keys,
    table_export_p,
    table_find_now_p,
    table_insert_p,
    table_remove_p,
    table_size_p,
)


class MutableHashTable(LookupInterface):
    """A table whose entries can be put in, replaced and removed, also inside `ft.function`.

    Args:
        key_dtype: Dtype of the keys: strings or integers.
        value_dtype: Dtype of the values.
        default_value: The value of every key without an entry; its shape is that of all values.
        name: The table's name.
        checkpoint: Ignored.
        experimental_is_anonymous: Ignored.

    Example:
        >>> table = MutableHashTable("string", "int64", default_value=-1)
        >>> table.insert(["a", "b"], [1, 2])
        >>> table.remove(["a"])
        >>> table.lookup(["a", "b"]).numpy().tolist(), int(table.size())
        ([-1, 2], 1)
    """

    def __init__(
        self, key_dtype: Any, value_dtype: Any, default_value: Any, name: str = "MutableHashTable",
        checkpoint: bool = True, experimental_is_anonymous: bool = False,
    ) -> None:  # fmt: skip
        del checkpoint, experimental_is_anonymous
        super().__init__(as_dtype(key_dtype), as_dtype(value_dtype), name)
        if self.key_dtype.is_differentiable:
            raise DTypeError(
                f"{name}: keys must be strings, integers or booleans, not {self.key_dtype.name}"
            )
        self._default = convert_to_tensor(default_value, dtype=self.value_dtype)
        self._rows = self._make_entries(TensorType(self.value_dtype, tuple(self._default.shape)))
        self._handle = self._rows.handle(name)

    def _make_entries(self, value: TensorType) -> Entries:
        return Entries(self.key_dtype, value)

    @property
    def resource_handle(self) -> str:
        """What stands for the table in graphs."""
        return self._handle

    def size(self, name: str | None = None) -> Tensor:
        """Return how many entries there are, int64."""
        del name
        return table_size_p(table=self._handle)

    def lookup(self, keys: Any, dynamic_default_values: Any = None, name: str | None = None) -> Any:
        """Return the value of each key.

        Args:
            keys: Of the table's dtype: a tensor, ragged or sparse tensor.
            dynamic_default_values: What keys without an entry get: one value, or one for each key;
                by default the table's default.
            name: Ignored.

        Returns:
            The values: the keys' shape, then that of one value.

        Raises:
            DTypeError: The keys have another dtype.
        """
        del name
        default = self._default
        if dynamic_default_values is not None:
            default = convert_to_tensor(dynamic_default_values, dtype=self.value_dtype)
        return on_keys(keys, lambda k: table_find_now_p(self._keys(k), default, table=self._handle))

    def insert(self, keys: Any, values: Any, name: str | None = None) -> None:
        """Set the values of keys, whether they have one or not.

        Args:
            keys: Of the table's dtype.
            values: One for each key; of several for one key, the last counts.
            name: Ignored.

        Raises:
            DTypeError: Keys or values have another dtype.
            InvalidArgumentError: The shapes do not fit.
        """
        del name
        rows = convert_to_tensor(values, dtype=self.value_dtype)
        table_insert_p(self._keys(keys), rows, table=self._handle)

    def remove(self, keys: Any, name: str | None = None) -> None:
        """Remove keys with their values; keys that have none do not matter."""
        del name
        table_remove_p(self._keys(keys), table=self._handle)

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """Return all keys and their values, in the order in which the keys came."""
        del name
        keys, values = table_export_p.apply((), {"table": self._handle})
        return keys, values


class DenseHashTable(MutableHashTable):
    """A table whose entries can be put in, replaced and removed.

    Two keys are set apart, as TensorFlow's implementation needs them; here they are refused like
    there, and nothing else depends on them.

    Args:
        key_dtype: Dtype of the keys: strings or integers.
        value_dtype: Dtype of the values.
        default_value: The value of every key without an entry; its shape is that of all values.
        empty_key: A key that is never used.
        deleted_key: Another key that is never used.
        initial_num_buckets: Ignored.
        name: The table's name.
        checkpoint: Ignored.
        experimental_is_anonymous: Ignored.

    Raises:
        InvalidArgumentError: `empty_key` and `deleted_key` are equal.

    Example:
        >>> table = DenseHashTable("int64", "float32", [0.0, 0.0], empty_key=-1, deleted_key=-2)
        >>> table.insert([7], [[1.0, 2.0]])
        >>> table.lookup([7, 8]).numpy().tolist()
        [[1.0, 2.0], [0.0, 0.0]]
    """

    def __init__(
        self, key_dtype: Any, value_dtype: Any, default_value: Any, empty_key: Any,
        deleted_key: Any, initial_num_buckets: int | None = None,
        name: str = "MutableDenseHashTable", checkpoint: bool = True,
        experimental_is_anonymous: bool = False,
    ) -> None:  # fmt: skip
        del initial_num_buckets
        kind = as_dtype(key_dtype)
        reserved = [convert_to_tensor(k, dtype=kind)._value for k in (empty_key, deleted_key)]
        self._reserved = {
            what: key.reshape(-1).tolist()[0]
            for what, key in zip(("empty_key", "deleted_key"), reserved, strict=True)
        }
        if len(set(self._reserved.values())) == 1:
            raise InvalidArgumentError(
                f"{name}: empty_key and deleted_key must differ, both are {empty_key!r}"
            )
        super().__init__(
            key_dtype, value_dtype, default_value, name, checkpoint, experimental_is_anonymous
        )

    def _make_entries(self, value: TensorType) -> Entries:
        return _Guarded(self.key_dtype, value, self._reserved)

    def insert_or_assign(self, keys: Any, values: Any, name: str | None = None) -> None:
        """Do the same as `insert`."""
        self.insert(keys, values, name)

    def erase(self, keys: Any, name: str | None = None) -> None:
        """Do the same as `remove`."""
        self.remove(keys, name)


class _Guarded(Entries):
    """Entries with keys that are refused."""

    def __init__(self, key: Any, value: TensorType, reserved: dict[str, Any]) -> None:
        super().__init__(key, value)
        self._reserved = reserved

    def _check(self, keys: Array) -> None:
        used = set(keys.reshape(-1).tolist())
        for what, key in self._reserved.items():
            if key in used:
                raise InvalidArgumentError(
                    f"{key!r} is the table's {what} and cannot be used as a key"
                )

    def put(self, keys: Array, values: Array) -> None:
        """Set the values of keys that are not set apart."""
        self._check(keys)
        super().put(keys, values)

    def find(self, keys: Array, default: Array) -> Array:
        """Return the value of each key that is not set apart."""
        self._check(keys)
        return super().find(keys, default)

    def remove(self, keys: Array) -> None:
        """Remove keys that are not set apart."""
        self._check(keys)
        super().remove(keys)
