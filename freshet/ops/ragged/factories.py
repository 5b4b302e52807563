"""What makes ragged tensors of values and a partition: the methods named ``from_...``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freshet.core.composite import CompositeTensor
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.ragged import partition

if TYPE_CHECKING:
    from freshet.ops.ragged.ragged_tensor import RaggedTensor


class RaggedFactories(CompositeTensor):
    """The ways to make a `RaggedTensor`, which is its only subclass."""

    __slots__ = ()

    @classmethod
    def _of(cls, values: Any, row_splits: Tensor, uniform: int | None = None) -> RaggedTensor:
        raise NotImplementedError

    @classmethod
    def from_row_splits(
        cls, values: Any, row_splits: Any, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Return the rows that begin and end at `row_splits`.

        Args:
            values: The elements of all rows, a tensor or ragged tensor of shape ``[n, ...]``.
            row_splits: Integers that do not decrease, from 0 to n; one more than there are rows.
            name: Ignored.
            validate: Whether that is checked.

        Raises:
            InvalidArgumentError: `row_splits` do not cut the values into rows.
        """
        kept = values_of("from_row_splits", values)
        splits = partition.splits_tensor("from_row_splits", row_splits, _splits_dtype(kept))
        if splits.ndim != 1 or splits.shape[0] == 0:
            raise InvalidArgumentError(
                "from_row_splits: row_splits must be a vector that begins with 0, received "
                f"{splits._type}"
            )
        check_inner("from_row_splits", kept, splits)
        if validate:
            count = _count(kept, splits.dtype)
            splits = partition.check_splits_p(splits, count, name="from_row_splits")
        return cls._of(kept, splits)

    @classmethod
    def from_row_lengths(
        cls, values: Any, row_lengths: Any, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Return rows of the lengths `row_lengths`; they add up to the number of values."""
        kept = values_of("from_row_lengths", values)
        lengths = partition.splits_tensor("from_row_lengths", row_lengths, _splits_dtype(kept))
        return cls.from_row_splits(kept, partition.lengths_to_splits_p(lengths), None, validate)

    @classmethod
    def from_row_starts(
        cls, values: Any, row_starts: Any, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Return the rows that begin at `row_starts`; the first begins at 0."""
        kept = values_of("from_row_starts", values)
        starts = partition.splits_tensor("from_row_starts", row_starts, _splits_dtype(kept))
        last = shaping.expand_dims(_count(kept, starts.dtype), 0)
        return cls.from_row_splits(kept, shaping.concat([starts, last], 0), None, validate)

    @classmethod
    def from_row_limits(
        cls, values: Any, row_limits: Any, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Return the rows that end before `row_limits`; the last ends with the values."""
        kept = values_of("from_row_limits", values)
        limits = partition.splits_tensor("from_row_limits", row_limits, _splits_dtype(kept))
        first = shaping.expand_dims(partition.whole(0, limits.dtype), 0)
        return cls.from_row_splits(kept, shaping.concat([first, limits], 0), None, validate)

    @classmethod
    def from_value_rowids(
        cls, values: Any, value_rowids: Any, nrows: Any = None, name: str | None = None,
        validate: bool = True,
    ) -> RaggedTensor:  # fmt: skip
        """Return rows of which `value_rowids` tells each value's own.

        Args:
            values: The elements of all rows, of shape ``[n, ...]``.
            value_rowids: Integers ``[n]`` that do not decrease.
            nrows: How many rows there are; by default as many as the last value's row needs.
            name: Ignored.
            validate: Whether the arguments are checked.

        Raises:
            InvalidArgumentError: The row numbers decrease, or one is not below `nrows`.
        """
        kept = values_of("from_value_rowids", values)
        rows = partition.splits_tensor("from_value_rowids", value_rowids, _splits_dtype(kept))
        number = None if nrows is None else partition.splits_tensor("nrows", nrows, rows.dtype)
        if number is not None and number.ndim:
            raise InvalidArgumentError(f"from_value_rowids: nrows must be one number: {number!r}")
        if number is not None and number._array is not None and number._array < 0:
            raise InvalidArgumentError(f"from_value_rowids: nrows is {number._array}, below 0")
        operand = () if number is None or number._array is not None else (number,)
        count = None if number is None or operand else int(number)
        splits = partition.rows_to_splits_p(rows, *operand, count=count)
        return cls.from_row_splits(kept, splits, None, validate)

    @classmethod
    def from_uniform_row_length(
        cls, values: Any, uniform_row_length: Any, nrows: Any = None, validate: bool = True,
        name: str | None = None,
    ) -> RaggedTensor:  # fmt: skip
        """Return rows that all have one length.

        Args:
            values: The elements of all rows, of shape ``[nrows * uniform_row_length, ...]``.
            uniform_row_length: Length of a row.
            nrows: How many rows there are; only needed if they are empty.
            validate: Whether the arguments are checked.
            name: Ignored.

        Raises:
            InvalidArgumentError: The values are not that many.
        """
        kept = values_of("from_uniform_row_length", values)
        dtype = _splits_dtype(kept)
        length = partition.splits_tensor("uniform_row_length", uniform_row_length, dtype)
        known = None if length._array is None else int(length._array)
        if known is not None and known < 0:
            raise InvalidArgumentError(f"from_uniform_row_length: the length is {known}, below 0")
        total = _count(kept, length.dtype)
        if nrows is None:
            zero = partition.whole(0, length.dtype)
            rows = zero if known == 0 else total // m.maximum(length, 1)
        else:
            rows = partition.splits_tensor("nrows", nrows, length.dtype)
        splits = partition.uniform_splits_p(rows, length)
        ragged = cls.from_row_splits(kept, splits, None, validate)
        return cls._of(kept, ragged.row_splits, known)

    @classmethod
    def from_nested_row_splits(
        cls, flat_values: Any, nested_row_splits: Any, name: str | None = None,
        validate: bool = True,
    ) -> RaggedTensor:  # fmt: skip
        """Return several ragged dimensions, given the row splits of each, outermost first."""
        return cls._nested("nested_row_splits", cls.from_row_splits, flat_values, nested_row_splits,
                           validate)  # fmt: skip

    @classmethod
    def from_nested_row_lengths(
        cls, flat_values: Any, nested_row_lengths: Any, name: str | None = None,
        validate: bool = True,
    ) -> RaggedTensor:  # fmt: skip
        """Return several ragged dimensions, given the row lengths of each, outermost first."""
        return cls._nested("nested_row_lengths", cls.from_row_lengths, flat_values,
                           nested_row_lengths, validate)  # fmt: skip

    @classmethod
    def from_nested_value_rowids(
        cls, flat_values: Any, nested_value_rowids: Any, nested_nrows: Any = None,
        name: str | None = None, validate: bool = True,
    ) -> RaggedTensor:  # fmt: skip
        """Return several ragged dimensions, given the values' rows in each, outermost first."""
        if nested_nrows is None:
            return cls._nested("nested_value_rowids", cls.from_value_rowids, flat_values,
                               nested_value_rowids, validate)  # fmt: skip
        levels, rows = list(nested_value_rowids), list(nested_nrows)
        if len(levels) != len(rows):
            raise InvalidArgumentError(
                f"from_nested_value_rowids: {len(levels)} nested_value_rowids need as many "
                f"nested_nrows, received {len(rows)}"
            )
        result = flat_values
        for ids, count in zip(reversed(levels), reversed(rows), strict=True):
            result = cls.from_value_rowids(result, ids, count, None, validate)
        return result

    @classmethod
    def _nested(
        cls, what: str, make: Any, flat_values: Any, levels: Any, validate: bool
    ) -> RaggedTensor:
        if isinstance(levels, Tensor):
            raise TypeError(f"{what} must be a list of tensors, received {levels!r}")
        result = flat_values
        for level in reversed(list(levels)):
            result = make(result, level, None, validate)
        return result if _is_ragged(result) else convert_to_tensor(result)  # type: ignore[return-value]

    @classmethod
    def from_tensor(
        cls, tensor: Any, lengths: Any = None, padding: Any = None, ragged_rank: int = 1,
        name: str | None = None, row_splits_dtype: Any = "int64",
    ) -> RaggedTensor:  # fmt: skip
        """Return a tensor's rows, without what fills them up.

        Args:
            tensor: A tensor of more than `ragged_rank` dimensions.
            lengths: How many elements of each row are kept; for several ragged dimensions a tuple
                of nested row lengths, outermost first. All by default.
            padding: An element; what equals it at the end of a row is left away.
            ragged_rank: How many dimensions become ragged.
            name: Ignored.
            row_splits_dtype: int32 or int64.

        Raises:
            InvalidArgumentError: Both `lengths` and `padding` are given, or the rank is too small.

        Example:
            >>> import freshet as ft
            >>> ft.RaggedTensor.from_tensor([[1, 0], [2, 3]], padding=0)
            <ft.RaggedTensor [[1], [2, 3]]>
        """
        from freshet.ops.ragged import dense  # noqa: PLC0415 (it builds on this class)

        return dense.from_tensor(
            tensor, lengths, padding, int(ragged_rank), as_dtype(row_splits_dtype)
        )

    @classmethod
    def from_sparse(
        cls, st_input: Any, name: str | None = None, row_splits_dtype: Any = "int64"
    ) -> RaggedTensor:
        """Return the elements of a sparse matrix row by row.

        Args:
            st_input: A sparse tensor of rank 2 whose rows have no holes: what a row has begins at
                its first column.
            name: Ignored.
            row_splits_dtype: int32 or int64.

        Raises:
            InvalidArgumentError: It has another rank, or a row has a hole.
        """
        from freshet.ops.ragged import dense  # noqa: PLC0415

        return dense.from_sparse(st_input, as_dtype(row_splits_dtype))


def _is_ragged(value: Any) -> bool:
    return isinstance(value, RaggedFactories)


def values_of(name: str, values: Any) -> Any:
    """Return values as a tensor or ragged tensor of rank 1 or more."""
    kept = values if _is_ragged(values) else convert_to_tensor(values)
    if not kept.ndim:
        raise InvalidArgumentError(f"{name}: the values must not be a single number: {values!r}")
    return kept


def _splits_dtype(values: Any) -> DType | None:
    return values.row_splits.dtype if _is_ragged(values) else None


def check_inner(name: str, values: Any, splits: Tensor) -> None:
    """Refuse ragged values whose row splits are of another dtype."""
    inner = _splits_dtype(values)
    if inner is not None and inner != splits.dtype:
        raise InvalidArgumentError(
            f"{name}: the row splits of {splits.dtype.name} differ in dtype from those of the "
            f"values, {inner.name}; convert one with with_row_splits_dtype"
        )


def _count(values: Any, dtype: DType) -> Tensor:
    """Return how many values there are."""
    if _is_ragged(values):
        return values.nrows(dtype)
    known = values.shape[0]
    if known is not None:
        return partition.whole(known, dtype)
    return m.cast(shaping.shape(values)[0], dtype)
