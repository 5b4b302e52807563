"""Embeddings of several ids at once, combined: words of a text, features of an example."""

from __future__ import annotations

import math
from typing import Any

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.array import expand_dims_p
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.gathering import embedding_lookup, segment_sum, unsorted_segment_sum
from freshet.ops.math import TensorLike
from freshet.ops.ragged.ragged_tensor import RaggedTensor
from freshet.ops.sparse.sparse_tensor import SparseTensor
from freshet.ops.static import static_value


def _ids_and_rows(name: str, ids: Any) -> tuple[Tensor, Tensor]:
    """Return the ids, and for each the number of the row it belongs to."""
    if isinstance(ids, SparseTensor):
        return ids.values, ids.indices[:, 0]
    if isinstance(ids, RaggedTensor):
        return convert_to_tensor(ids.values), ids.value_rowids()
    raise TypeError(f"{name}: ids must be a SparseTensor or a RaggedTensor, received {ids!r}")


def _weights_of(name: str, weights: Any, ids: Any) -> Tensor | None:
    if weights is None:
        return None
    if type(weights) is not type(ids):
        raise TypeError(f"{name}: weights must be of the kind of the ids, received {weights!r}")
    return convert_to_tensor(weights.values)


def _combiner(name: str, combiner: str | None) -> str:
    found = "mean" if combiner is None else combiner
    if found not in {"sum", "mean", "sqrtn"}:
        raise InvalidArgumentError(
            f"{name}: combiner must be 'sum', 'mean' or 'sqrtn', received {combiner!r}"
        )
    return found


def _spread(weight: Tensor, rank: int) -> Tensor:
    return expand_dims_p(weight, axes=tuple(range(1, rank))) if rank > 1 else weight


def _combined(found: Tensor, weight: Tensor, total: Any, combiner: str) -> Tensor:
    """Combine embeddings; `total` sums up the rows' elements."""
    summed: Tensor = total(found * _spread(weight, found.ndim))
    if combiner == "sum":
        return summed
    size = total(weight) if combiner == "mean" else m.sqrt(total(m.square(weight)))
    return m.divide_no_nan(summed, _spread(size, summed.ndim))


def embedding_lookup_sparse(
    params: Any, sp_ids: Any, sp_weights: Any, combiner: str | None = None,
    max_norm: float | None = None, name: str | None = None, allow_fast_lookup: bool = False,
) -> Tensor:  # fmt: skip
    """Look up the embeddings of each row's ids and combine them.

    ``y[i] = sum over j of  weight[i, j] * params[id[i, j]]``, for the combiner "sum"

    Args:
        params: float[ids, ...], or a list of such tables that follow each other.
        sp_ids: A sparse or ragged matrix of ids; every row has at least one.
        sp_weights: Weights of the same kind and shape, or None for 1.
        combiner: "sum"; "mean", the default, which divides by the sum of the weights; or "sqrtn",
            which divides by the root of the sum of their squares.
        max_norm: Embeddings with a larger L2 norm are scaled down to it before.
        name: Ignored.
        allow_fast_lookup: Ignored.

    Returns:
        float[rows, ...], up to the last row that has an id.

    Raises:
        TypeError: The ids are neither sparse nor ragged, or the weights of another kind.
        InvalidArgumentError: An id is outside the table, or the combiner has another name.

    Example:
        >>> ids = SparseTensor([[0, 0], [0, 1], [1, 0]], [0, 2, 1], [2, 2])
        >>> embedding_lookup_sparse([[1.0], [2.0], [5.0]], ids, None).numpy().tolist()
        [[3.0], [2.0]]
    """
    caller = "embedding_lookup_sparse"
    how = _combiner(caller, combiner)
    ids, rows = _ids_and_rows(caller, sp_ids)
    given = _weights_of(caller, sp_weights, sp_ids)
    found = embedding_lookup(params, ids, max_norm)
    weight = shaping.ones_like(ids, found.dtype) if given is None else m.cast(given, found.dtype)
    return _combined(found, weight, lambda x: segment_sum(x, rows), how)


def safe_embedding_lookup_sparse(
    embedding_weights: Any, sparse_ids: Any, sparse_weights: Any = None,
    combiner: str | None = "mean", default_id: int | None = None, max_norm: float | None = None,
    name: str | None = None, allow_fast_lookup: bool = False,
) -> Tensor:  # fmt: skip
    """Look up and combine embeddings where rows may be empty and ids invalid.

    An id below 0 does not count, nor does one whose weight is not above 0 (but for the combiner
    "sum").

    Args:
        embedding_weights: float[ids, ...], or a list of such tables that follow each other.
        sparse_ids: A sparse tensor of ids of any rank, or a ragged matrix.
        sparse_weights: Weights of the same kind and shape, or None for 1.
        combiner: "sum", "mean" or "sqrtn".
        default_id: What a row without ids is looked up as; zeros by default.
        max_norm: Embeddings with a larger L2 norm are scaled down to it before.
        name: Ignored.
        allow_fast_lookup: Ignored.

    Returns:
        float[all but the last dimension of the ids, ...].

    Raises:
        TypeError: The ids are neither sparse nor ragged, or the weights of another kind.
        InvalidArgumentError: An id is beyond the table, or the combiner has another name.

    Example:
        >>> ids = SparseTensor([[0, 0], [2, 0]], [1, -1], [3, 2])
        >>> safe_embedding_lookup_sparse([[1.0], [2.0]], ids).numpy().tolist()
        [[2.0], [0.0], [0.0]]
    """
    caller = "safe_embedding_lookup_sparse"
    how = _combiner(caller, combiner)
    ids, rows = _ids_and_rows(caller, sparse_ids)
    given = _weights_of(caller, sparse_weights, sparse_ids)
    lead, rows = _lead(sparse_ids, rows)
    count = math.prod(lead)
    valid = m.greater_equal(ids, 0)
    if given is not None and how != "sum":
        valid = m.logical_and(valid, given > 0.0)
    found = embedding_lookup(
        embedding_weights, m.where(valid, ids, shaping.zeros_like(ids)), max_norm
    )
    weight = m.cast(valid, found.dtype)
    if given is not None:
        weight = m.where(valid, m.cast(given, found.dtype), shaping.zeros_like(weight))
    result = _combined(found, weight, lambda x: unsorted_segment_sum(x, rows, count), how)
    if default_id is not None:
        filled = unsorted_segment_sum(m.cast(valid, dtypes.int32), rows, count) > 0
        other = embedding_lookup(embedding_weights, default_id, max_norm)
        result = m.where(_spread(filled, result.ndim), result, other)
    return shaping.reshape(result, [*lead, *result.shape[1:]])


def _lead(ids: Any, rows: Tensor) -> tuple[list[int], Tensor]:
    """Return the sizes of all dimensions of the ids but the last, and each id's row among them."""
    if isinstance(ids, RaggedTensor):
        sizes = static_value(ids.nrows())
        known = None if sizes is None else [int(sizes)]
    else:
        shape = static_value(ids.dense_shape)
        known = None if shape is None else [int(n) for n in shape[:-1]]
    if known is None:
        raise InvalidArgumentError(
            "safe_embedding_lookup_sparse: the number of rows must be known when it is traced"
        )
    if isinstance(ids, SparseTensor):
        rows = shaping.zeros_like(rows)
        for d, size in enumerate(known):
            rows = rows * size + ids.indices[:, d]
    return known, rows
