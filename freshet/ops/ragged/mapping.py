"""A function of each row of a ragged tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freshet.core.composite import CompositeTensor
from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, pack_sequence_as
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.ragged import joining, partition
from freshet.ops.ragged.ragged_spec import RaggedTensorSpec
from freshet.ops.ragged.ragged_tensor import RaggedTensor


def map_rows(
    fn: Callable[..., Any], elems: Any, dtype: Any = None, parallel_iterations: int | None = None,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True,
    name: str | None = None, fn_output_signature: Any = None,
) -> Any:  # fmt: skip
    """Implement `ft.map_fn` where an element is ragged: the function is called for each row.

    Rows have different shapes, so a traced function holds one copy of `fn` for each; their number
    must be known.
    """
    leaves = flatten(elems)
    counts = [
        partition.row_count(x.row_splits) if isinstance(x, RaggedTensor) else x.shape[0]
        for x in leaves
    ]
    if None in counts or len(set(counts)) != 1:
        raise InvalidArgumentError(
            f"map_fn: all elements need one number of rows, known while tracing, received {counts}"
        )
    signature = dtype if fn_output_signature is None else fn_output_signature
    results = [fn(pack_sequence_as(elems, [x[i] for x in leaves])) for i in range(counts[0] or 0)]
    if not results:
        raise InvalidArgumentError("map_fn: there are no rows, so what fn returns is not known")
    specs = [leaf if isinstance(leaf, RaggedTensor) else None for leaf in leaves]
    if signature is not None:
        specs = flatten(signature)
    if len(specs) != len(flatten(results[0])):
        specs = [None] * len(flatten(results[0]))
    columns = zip(*map(flatten, results), strict=True)
    stacked = [_stacked(list(c), spec) for c, spec in zip(columns, specs, strict=True)]
    return pack_sequence_as(results[0], stacked)


def _stacked(rows: list[Any], spec: Any) -> Any:
    if any(isinstance(r, CompositeTensor) for r in rows):
        return joining.stack(rows)
    if isinstance(spec, RaggedTensorSpec):
        return joining.stack(rows).with_row_splits_dtype(spec.row_splits_dtype)
    if isinstance(spec, RaggedTensor) and convert_to_tensor(rows[0]).ndim:
        return joining.stack(rows)  # without a signature, like the elements
    return shaping.stack(rows)
