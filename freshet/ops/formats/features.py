"""What the features of an example are: the specifications that parsing takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from freshet.core import dtypes


class FixedLenFeature(NamedTuple):
    """A feature with as many values in every example, parsed to a tensor.

    Attributes:
        shape: The shape of one example's values.
        dtype: float32, int64 or string.
        default_value: Values of that shape for examples that lack the feature; by default they are
            refused.
    """

    shape: Any
    dtype: Any
    default_value: Any = None


class FixedLenSequenceFeature(NamedTuple):
    """A feature with any number of parts of one shape, parsed to a tensor, filled up at the end.

    Attributes:
        shape: The shape of one part.
        dtype: float32, int64 or string.
        allow_missing: Whether examples may lack the feature; in examples that are no sequences it
            must be True.
        default_value: What fills up; 0 or the empty string by default.
    """

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


class VarLenFeature(NamedTuple):
    """A feature with any number of values, parsed to a sparse tensor.

    Attributes:
        dtype: float32, int64 or string.
    """

    dtype: Any


class SparseFeature(NamedTuple):
    """A sparse tensor whose indices and values are features of their own.

    Attributes:
        index_key: The feature, or for several dimensions the features, with the indices.
        value_key: The feature with the values.
        dtype: Their dtype: float32, int64 or string.
        size: The size, or sizes, of the dense tensor of one example.
        already_sorted: Whether the values are in the order of their indices; they are sorted if
            not.
    """

    index_key: Any
    value_key: str
    dtype: Any
    size: Any
    already_sorted: bool = False


class _RowSplits(NamedTuple):
    """Where each row begins, and the end of the last, are in the feature `key`."""

    key: str


class _RowLengths(NamedTuple):
    """The length of each row is in the feature `key`."""

    key: str


class _RowStarts(NamedTuple):
    """Where each row begins is in the feature `key`."""

    key: str


class _RowLimits(NamedTuple):
    """Where each row ends is in the feature `key`."""

    key: str


class _ValueRowIds(NamedTuple):
    """The number of each value's row is in the feature `key`."""

    key: str


class _UniformRowLength(NamedTuple):
    """All rows have the length `length`."""

    length: int


class _RaggedFeature(NamedTuple):
    dtype: Any
    value_key: str | None = None
    partitions: Sequence[Any] = ()
    row_splits_dtype: Any = dtypes.int32
    validate: bool = False


class RaggedFeature(_RaggedFeature):
    """A feature with any number of values, parsed to a ragged tensor.

    Attributes:
        dtype: float32, int64 or string.
        value_key: The feature with the values; by default the name it has among the features.
        partitions: Further ragged dimensions, from the outside inwards: `RowSplits`, `RowLengths`,
            `RowStarts`, `RowLimits` and `ValueRowIds` name the feature that has them,
            `UniformRowLength` says the length.
        row_splits_dtype: int32, the default, or int64.
        validate: Ignored: partitions are always checked.

    Example:
        >>> RaggedFeature("int64", partitions=[RaggedFeature.RowLengths("lengths")]).partitions
        [_RowLengths(key='lengths')]
    """

    __slots__ = ()
    RowSplits = _RowSplits
    RowLengths = _RowLengths
    RowStarts = _RowStarts
    RowLimits = _RowLimits
    ValueRowIds = _ValueRowIds
    UniformRowLength = _UniformRowLength


PARTITIONS = {
    _RowSplits: "row_splits", _RowLengths: "row_lengths", _RowStarts: "row_starts",
    _RowLimits: "row_limits", _ValueRowIds: "value_rowids", _UniformRowLength: "uniform",
}  # fmt: skip
"""The names of partitions in the parameters of primitives."""
