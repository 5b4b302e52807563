"""Operations that make a row of each string: pieces, bytes, characters.

Their primitives take a vector of strings and return the rows one after the other, and where each
begins; here they become ragged tensors.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.math import cast
from freshet.ops.shaping import reshape
from freshet.ops.strings.host import check_strings, filled, host_primitive, is_ragged, string_tensor


def rows_infer(name: str, *kinds: dtypes.DType) -> Callable[..., tuple[TensorType, ...]]:
    """Return the type rule: values of each of `kinds` for all rows, then where the rows begin."""

    def infer(x: TensorType, *others: TensorType, **params: Any) -> tuple[TensorType, ...]:
        del others, params
        check_strings(name, x)
        size = x.shape[0]
        splits = TensorType(dtypes.int64, (None if size is None else size + 1,))
        return (*(TensorType(kind, (None,)) for kind in kinds), splits)

    return infer


def joined_rows(rows: Sequence[Sequence[Any]], dtype: Any = object) -> tuple[Array, Array]:
    """Return rows one after the other, and where each begins, with the end of the last."""
    items = list(itertools.chain.from_iterable(rows))
    return filled((len(items),), items, dtype), row_splits(rows)


def row_splits(rows: Sequence[Sequence[Any]]) -> Array:
    """Return where each of the rows begins, and the end of the last."""
    return splits_of(list(map(len, rows)))


def splits_of(lengths: Array | list[int]) -> Array:
    """Return where each row begins, and the end of the last, of the rows' lengths."""
    splits = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=splits[1:])
    return splits


def _dense_splits(x: Array) -> tuple[Array, ...]:
    found, count = [], x.shape[0]
    for size in x.shape[1:]:
        found.append(np.arange(count + 1, dtype=np.int64) * size)
        count *= size
    return tuple(found)


def _dense_splits_infer(x: TensorType) -> tuple[TensorType, ...]:
    found: list[TensorType] = []
    count = x.shape[0]
    for size in x.shape[1:]:
        found.append(TensorType(dtypes.int64, (None if count is None else count + 1,)))
        count = None if count is None or size is None else count * size
    return tuple(found)


dense_splits_p = host_primitive("dense_splits", _dense_splits_infer, _dense_splits)


def nested_rows(
    name: str, value: Any, split: Callable[[Tensor], Sequence[Tensor]]
) -> tuple[Any, ...]:
    """Return the rows that `split` makes of each string, nested as the strings are.

    Args:
        name: Who asks.
        value: Strings, a tensor or ragged tensor.
        split: Turns a vector of strings into values of all rows, one or several, and row splits.

    Returns:
        For each of the values a ragged tensor with one dimension more; for a single string a
        vector.
    """
    outer: list[Tensor] = []
    if is_ragged(value):
        outer, value = list(value.nested_row_splits), value.flat_values
    x = string_tensor(name, value)
    *values, splits = split(reshape(x, [-1]))
    if not x.ndim:
        return tuple(values)
    inner = dense_splits_p.apply((x,), {}) if x.ndim > 1 else ()
    kind = outer[0].dtype if outer else dtypes.int64
    nested = [*outer, *(cast(s, kind) for s in (*inner, splits))]
    return tuple(ragged(v, nested) for v in values)


def ragged(values: Tensor, nested_row_splits: Sequence[Tensor]) -> Any:
    """Return a ragged tensor; `values` themselves if there are no splits."""
    if not nested_row_splits:
        return values
    from freshet.ops.ragged.ragged_tensor import RaggedTensor  # noqa: PLC0415 (it prints with ours)

    return RaggedTensor.from_nested_row_splits(values, list(nested_row_splits), validate=False)
