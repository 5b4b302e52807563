"""Tables that never change: from keys to values, from words to numbers."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.strings.hashes import fingerprints
from freshet.ops.strings.hashing import to_hash_bucket_fast
from freshet.ops.strings.host import host_primitive
from freshet.ops.strings.numbers import as_string
from freshet.ops.tables.initializers import TableInitializerBase
from freshet.ops.tables.table import (
    Entries,
    LookupInterface,
    initial_rows,
    on_keys,
    table_find_p,
)


@final
class StaticHashTable(LookupInterface):
    """A table that has all its entries from the beginning.

    Args:
        initializer: Where they come from.
        default_value: The value of every other key.
        name: The table's name.
        experimental_is_anonymous: Ignored.

    Raises:
        FailedPreconditionError: A key has two values.

    Example:
        >>> from freshet.ops.tables.initializers import KeyValueTensorInitializer
        >>> entries = KeyValueTensorInitializer(["emerson", "lake"], [1, 2])
        >>> StaticHashTable(entries, default_value=-1).lookup(["lake", "palmer"]).numpy().tolist()
        [2, -1]
    """

    def __init__(
        self, initializer: TableInitializerBase, default_value: Any, name: str | None = None,
        experimental_is_anonymous: bool = False,
    ) -> None:  # fmt: skip
        del experimental_is_anonymous
        super().__init__(initializer.key_dtype, initializer.value_dtype, name or "hash_table")
        self._default = convert_to_tensor(default_value, dtype=self.value_dtype)
        if self._default.ndim:
            raise InvalidArgumentError(
                f"StaticHashTable: default_value must be a single value, received "
                f"{self._default._type}"
            )
        self._rows = Entries(self.key_dtype, TensorType(self.value_dtype, ()))
        initial_rows(self._rows, *initializer._entries(), "StaticHashTable")
        self._handle = self._rows.handle(self.name)

    @property
    def default_value(self) -> Tensor:
        """The value of keys that are not in the table."""
        return self._default

    @property
    def resource_handle(self) -> str:
        """What stands for the table in graphs."""
        return self._handle

    def size(self, name: str | None = None) -> Tensor:
        """Return how many entries there are, int64."""
        del name
        return convert_to_tensor(len(self._rows.rows), dtypes.int64)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """Return the value of each key.

        Args:
            keys: Of the table's dtype: a tensor, ragged or sparse tensor.
            name: Ignored.

        Returns:
            The values, of the table's dtype and the keys' shape and kind.

        Raises:
            DTypeError: The keys have another dtype.
        """
        del name
        return on_keys(
            keys, lambda k: table_find_p(self._keys(k), self._default, table=self._handle)
        )

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """Return all keys and their values."""
        del name
        keys, values = self._rows.arrays()
        return Tensor._of_array(keys, self.key_dtype), Tensor._of_array(values, self.value_dtype)


def _others_infer(found: TensorType, words: TensorType, start: int, count: int) -> TensorType:
    del words, start, count
    return found


def _others(found: Array, words: Array, start: int, count: int) -> Array:
    missing = found == -1
    if not missing.any():
        return found
    rest = words[missing]
    texts = rest.tolist() if rest.dtype == object else list(map(b"%d".__mod__, rest.tolist()))
    numbers = found.copy()
    numbers[missing] = fingerprints(texts) % np.uint64(count) + np.uint64(start)
    return numbers


others_p = host_primitive("vocabulary_others", _others_infer, _others)
"""Numbers of words, with those from `start` on, by hashing, for words that have none (-1)."""


@final
class StaticVocabularyTable(LookupInterface):
    """A table from words to numbers, in which other words get numbers too, by hashing.

    A word that has no entry gets ``number of entries + hash(word) % num_oov_buckets``, with the
    hash of `ft.strings.to_hash_bucket_fast`.

    Args:
        initializer: Words, strings or integers, and their int64 numbers from 0 on; None for none.
        num_oov_buckets: How many numbers other words share, at least 1.
        lookup_key_dtype: Dtype of the words that are looked up, by default that of the entries.
        name: The table's name.
        experimental_is_anonymous: Ignored.

    Raises:
        InvalidArgumentError: `num_oov_buckets` is below 1, or the numbers are not int64.

    Example:
        >>> import freshet as ft
        >>> words = ft.lookup.KeyValueTensorInitializer(["to", "be"], ft.constant([0, 1], "int64"))
        >>> table = StaticVocabularyTable(words, num_oov_buckets=1)
        >>> table.lookup(["be", "or", "not"]).numpy().tolist(), int(table.size())
        ([1, 2, 2], 3)
    """

    def __init__(
        self, initializer: TableInitializerBase | None, num_oov_buckets: int,
        lookup_key_dtype: Any = None, name: str | None = None,
        experimental_is_anonymous: bool = False,
    ) -> None:  # fmt: skip
        del experimental_is_anonymous
        if num_oov_buckets is None or num_oov_buckets < 1:
            raise InvalidArgumentError(
                f"StaticVocabularyTable: num_oov_buckets must be at least 1, received "
                f"{num_oov_buckets}"
            )
        key = as_dtype(lookup_key_dtype) if lookup_key_dtype is not None else None
        if initializer is not None:
            if initializer.value_dtype != dtypes.int64:
                raise DTypeError(
                    "StaticVocabularyTable: numbers must be int64, received "
                    f"{initializer.value_dtype.name}"
                )
            own = initializer.key_dtype
            if key is not None and own.is_integer != key.is_integer:
                raise DTypeError(
                    f"StaticVocabularyTable: lookup_key_dtype is {key.name}, the entries' keys are "
                    f"{own.name}"
                )
            key = key or own
        key = key or dtypes.string
        if not (key.is_integer or key is dtypes.string):
            raise DTypeError(
                f"StaticVocabularyTable: keys must be strings or integers, received {key.name}"
            )
        super().__init__(key, dtypes.int64, name or "vocabulary")
        self._buckets = int(num_oov_buckets)
        self._table = None if initializer is None else StaticHashTable(initializer, -1)

    @property
    def resource_handle(self) -> str | None:
        """What stands for the table in graphs; None if there are no entries."""
        return self._table.resource_handle if self._table else None

    def _known(self) -> int:
        return len(self._table._rows.rows) if self._table else 0

    def size(self, name: str | None = None) -> Tensor:
        """Return how many numbers there are, those of other words included; int64."""
        del name
        return convert_to_tensor(self._known() + self._buckets, dtypes.int64)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """Return the number of each word.

        Args:
            keys: Of the table's dtype: a tensor, ragged or sparse tensor.
            name: Ignored.

        Returns:
            int64, of the keys' shape and kind.

        Raises:
            DTypeError: The keys have another dtype.
        """
        del name
        return on_keys(keys, self._numbers)

    def _numbers(self, keys: Any) -> Tensor:
        words = self._keys(keys)
        if self._table is None:
            texts = words if words.dtype is dtypes.string else as_string(words)
            others: Tensor = to_hash_bucket_fast(texts, self._buckets)
            return others
        found = self._table.lookup(m.cast(words, self._table.key_dtype))
        return others_p(found, words, start=self._known(), count=self._buckets)
