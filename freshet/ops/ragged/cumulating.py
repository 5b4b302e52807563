"""Cumulative sums and counts of ragged tensors."""

from __future__ import annotations

from typing import Any

from freshet.core.shapes import normalize_axis
from freshet.ops import counting, cumulative, gathering
from freshet.ops.dispatch import overload
from freshet.ops.ragged import dense
from freshet.ops.ragged.ragged_tensor import RaggedTensor


@overload(cumulative.cumsum, RaggedTensor)
def ragged_cumsum(
    x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> RaggedTensor:
    """Implement `ft.math.cumsum` for a ragged tensor: what fills its rows up adds nothing."""
    where = normalize_axis("cumsum", int(axis), x.ndim)
    if where > x.ragged_rank:
        flat = cumulative.cumsum(x.flat_values, where - x.ragged_rank, exclusive, reverse)
        return x.with_flat_values(flat)
    whole = cumulative.cumsum(x.to_tensor(), where, exclusive, reverse)
    places = dense.coordinates_p(*x.nested_row_splits, inner=())
    return x.with_flat_values(gathering.gather_nd(whole, places))


@overload(counting.bincount, RaggedTensor)
def ragged_bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None,
    dtype: Any = "int32", name: str | None = None, axis: int | None = None,
    binary_output: bool = False,
) -> Any:  # fmt: skip
    """Implement `ft.math.bincount` for a ragged tensor."""
    if axis in {0, None}:
        given = weights.flat_values if isinstance(weights, RaggedTensor) else weights
        return counting.bincount(
            arr.flat_values, given, minlength, maxlength, dtype, binary_output=binary_output
        )
    from freshet.ops.sparse.counting import bincount  # noqa: PLC0415 (it is above)
    from freshet.ops.sparse.dense import to_dense  # noqa: PLC0415

    found = bincount(arr, weights, axis, minlength, maxlength, binary_output)
    return to_dense(found)
