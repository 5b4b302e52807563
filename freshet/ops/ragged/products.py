"""Products, softmax and parts of ragged tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import normalize_axis
from freshet.ops import contraction, nn, reduction, shaping
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import overload
from freshet.ops.ragged.indexing import getitem
from freshet.ops.ragged.ragged_tensor import RaggedTensor


@overload(contraction.matmul, RaggedTensor)
def ragged_matmul(
    a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
    adjoint_b: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False,
    output_type: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Implement `ft.matmul` where an operand is ragged.

    Rows and columns may differ from batch to batch; what is multiplied is filled up with zeros, and
    the result is cut to the rows and columns that there are.
    """
    x, y = (v if isinstance(v, RaggedTensor) else convert_to_tensor(v) for v in (a, b))
    if x.ndim < 2 or y.ndim < 2:
        raise InvalidArgumentError(
            f"matmul: ragged operands need rank 2 or more, received {x.shape} and {y.shape}"
        )
    flipped = transpose_a or transpose_b or adjoint_a or adjoint_b
    if isinstance(x, RaggedTensor) and not isinstance(y, RaggedTensor) and not flipped and (
        y.ndim == 2 and x.flat_values.ndim > 1
    ):  # fmt: skip
        flat = x.flat_values
        return x.with_flat_values(contraction.matmul(flat, y))
    dense = contraction.matmul(
        x.to_tensor() if isinstance(x, RaggedTensor) else x,
        y.to_tensor() if isinstance(y, RaggedTensor) else y,
        transpose_a, transpose_b, adjoint_a, adjoint_b,
    )  # fmt: skip
    if x.ndim == 2:
        return dense
    rows = _lengths(x, transpose_a or adjoint_a, first=True)
    columns = _lengths(y, transpose_b or adjoint_b, first=False)
    return _cut(dense, rows, columns)


def _lengths(x: Any, flipped: bool, *, first: bool) -> Any:
    """Return how many rows (or columns) each matrix of a batch has, None where all have the same.

    Columns that differ from row to row count as the longest.
    """
    if not isinstance(x, RaggedTensor):
        return None
    if x.ndim != 3:
        raise InvalidArgumentError(f"matmul: ragged operands of rank 3 at most: {x.shape}")
    if first != flipped:
        return None if x._uniform is not None else x.row_lengths()
    if x.ragged_rank < 2:
        return None
    return reduction.reduce_max(x.row_lengths(axis=2), axis=1)


def _cut(dense: Any, rows: Any, columns: Any) -> Any:
    if rows is None and columns is None:
        return RaggedTensor.from_tensor(dense)
    if columns is None:
        return RaggedTensor.from_tensor(dense, lengths=rows)
    if rows is None:
        count = shaping.shape(dense)[1]
        rows = shaping.zeros_like(columns) + m.cast(count, columns.dtype)
    kept = RaggedTensor.from_tensor(dense, lengths=rows)
    lengths = shaping.repeat(columns, rows)
    return RaggedTensor._of(RaggedTensor.from_tensor(kept.values, lengths=lengths),
                            kept.row_splits)  # fmt: skip


@overload(nn.softmax, RaggedTensor)
def ragged_softmax(logits: Any, axis: Any = None, name: str | None = None) -> Any:
    """Implement `ft.nn.softmax` for a ragged tensor."""
    where = normalize_axis("softmax", -1 if axis is None else int(axis), logits.ndim)
    largest = m.stop_gradient(reduction.reduce_max(logits, axis=where, keepdims=True))
    powers = m.exp(logits - largest)
    return powers / reduction.reduce_sum(powers, axis=where, keepdims=True)


@overload(shaping.split, RaggedTensor)
def ragged_split(
    value: Any, num_or_size_splits: Any, axis: int = 0, num: int | None = None,
    name: str | None = None,
) -> list[Any]:  # fmt: skip
    """Implement `ft.split` for a ragged tensor, along a dimension that is not ragged."""
    where = normalize_axis("split", int(axis), value.ndim)
    total = value.shape[where]
    if total is None:
        raise InvalidArgumentError(
            f"split: dimension {axis} of {value.shape} is ragged or not known; only others can be "
            "split"
        )
    sizes = np.asarray(num_or_size_splits)
    if not sizes.ndim:
        count = int(sizes)
        if count < 1 or total % count:
            raise InvalidArgumentError(
                f"split: size {total} of axis {axis} is not a multiple of {num_or_size_splits}"
            )
        parts = [total // count] * count
    else:
        parts = [int(s) for s in sizes]
        if parts.count(-1) == 1:
            parts[parts.index(-1)] = total - sum(s for s in parts if s != -1)
        if sum(parts) != total or min(parts) < 0:
            raise InvalidArgumentError(f"split: {parts} do not add up to {total} of axis {axis}")
    found, start = [], 0
    for size in parts:
        key = (*(slice(None),) * where, slice(start, start + size))
        found.append(getitem(value, key))
        start += size
    return found
