"""Ragged tensors of one partition: made so by broadcasting where they are not.

Dimensions are matched from the last to the first as for tensors; one that has size 1 everywhere,
not just in a row of different lengths, stretches to the other's. The result of an elementwise
operation is that of the innermost values, of which every operand has as many as the result: `align`
finds for each element of the result which element of each operand it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.gathering import gather
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.ragged import partition
from freshet.ops.ragged.dense import merge_dims
from freshet.ops.ragged.ragged_tensor import RaggedTensor

Cuts = tuple[tuple[Tensor, ...], tuple[int | None, ...]]
"""Nested row splits, outermost first, and the length of the rows where they have one."""


# --- which element of each operand ----------------------------------------------------------------


def _align_infer(*arrays: TensorType, layout: tuple[str, ...]) -> tuple[TensorType, ...]:
    levels = len(layout[0]) - 1
    return (TensorType(dtypes.int64, (None,)),) * (levels + len(layout))


def _align_reference(*arrays: Array, layout: tuple[str, ...]) -> tuple[Array, ...]:
    """`layout` has a letter per dimension of each operand: ``r`` for row splits, ``u`` for a size.

    The arrays are those, in order.
    """
    rest = iter(arrays)
    operands = [[next(rest) for _ in levels] for levels in layout]
    places = [np.zeros(1, np.int64) for _ in layout]
    found: list[Array] = []
    for d in range(len(layout[0])):
        lengths, starts = [], []
        for levels, parts, place in zip(layout, operands, places, strict=True):
            if levels[d] == "r":
                starts.append(parts[d][place])
                lengths.append(parts[d][place + 1] - starts[-1])
            else:
                lengths.append(np.full(place.shape, int(parts[d])))
                starts.append(place * int(parts[d]))
        size = _broadcast(lengths, [levels[d] for levels in layout], d)
        total = np.concatenate([[0], np.cumsum(size)])
        within = np.arange(total[-1]) - np.repeat(total[:-1], size)
        places = [
            np.repeat(start, size) + np.where(np.repeat(length, size) == 1, 0, within)
            for start, length in zip(starts, lengths, strict=True)
        ]
        if d:
            found.append(total)
    return (*found, *places)


def _broadcast(lengths: Sequence[Array], letters: Sequence[str], dimension: int) -> Array:
    """Return the lengths that rows broadcast to; those of row splits are what they are."""
    fixed = [n for n, letter in zip(lengths, letters, strict=True) if letter == "r"]
    size = fixed[0] if fixed else np.asarray(lengths[0])
    for other, letter in zip(lengths, letters, strict=True):
        wrong = (size != other) & ((other != 1) | (letter == "r"))
        wrong &= (size != 1) | bool(fixed)
        if np.any(wrong):
            at = int(np.argmax(wrong))
            raise InvalidArgumentError(
                f"ragged tensors do not broadcast: in dimension {dimension} row {at} has "
                f"{size[at]} elements of one and {other[at]} of the other; only a dimension that "
                "has size 1 everywhere stretches"
            )
        size = size if fixed else np.where(size == 1, other, size)
    return size


align_p: Primitive = Primitive(
    name="ragged_align", infer=_align_infer, reference=_align_reference,
    gradient=NoGradient("positions are whole numbers"),
    lower=Host("row partitions are data that decides shapes"),
)  # fmt: skip


# --- partitions -----------------------------------------------------------------------------------


def partition_of(x: RaggedTensor) -> Cuts:
    """Return how a ragged tensor is cut into rows."""
    return x.nested_row_splits, x._uniforms()


def of_partition(values: Tensor, cuts: Cuts) -> RaggedTensor:
    """Return the ragged tensor of these values that is cut in this way."""
    result: Any = values
    for splits, uniform in zip(reversed(cuts[0]), reversed(cuts[1]), strict=True):
        result = RaggedTensor._of(result, splits, uniform)
    found: RaggedTensor = result
    return found


def same_splits(x: Tensor, y: Tensor) -> bool:
    """Return whether two row splits are known to be equal."""
    if x is y or (x._symbol is not None and x._symbol is y._symbol):
        return True
    if x._array is None or y._array is None:
        return False
    return x._array is y._array or np.array_equal(x._array, y._array)


def same_partition(x: RaggedTensor, y: RaggedTensor) -> bool:
    """Return whether two ragged tensors are known to be cut alike."""
    return x.ragged_rank == y.ragged_rank and all(
        same_splits(a, b) for a, b in zip(x.nested_row_splits, y.nested_row_splits, strict=True)
    )


def align(operands: Sequence[Any]) -> tuple[list[Any], Cuts]:
    """Return operands as innermost values of one partition, and the partition.

    Args:
        operands: Tensors, ragged tensors (at least one), and bare numbers, which stay as they are.

    Raises:
        InvalidArgumentError: They do not broadcast; inside a traced function this is raised when
            the function runs.
    """
    ragged = [x for x in operands if isinstance(x, RaggedTensor)]
    first = ragged[0]
    plain = [_plain(x, first) for x in operands]
    inner = first.ndim - first.ragged_rank - 1
    if all(same_partition(first, x) for x in ragged[1:]) and all(
        isinstance(x, RaggedTensor) or x.ndim <= inner for x in plain
    ):
        kept = [x.flat_values if isinstance(x, RaggedTensor) else x for x in operands]
        return kept, partition_of(first)
    rank = max(x.ndim for x in plain)
    depth = max(rank - x.ndim + x.ragged_rank for x in ragged)
    taken = [x for x in plain if isinstance(x, RaggedTensor) or x.ndim >= rank - depth]
    described = [_levels(x, rank, depth) for x in taken]
    arrays = [part for _, parts in described for part in parts]
    found = align_p.apply(tuple(arrays), {"layout": tuple(layout for layout, _ in described)})
    dtype = first.row_splits.dtype
    splits = tuple(m.cast(s, dtype) for s in found[:depth])
    places = iter(found[depth:])
    values = [
        gather(_flat(x, rank, depth), next(places))
        if isinstance(x, RaggedTensor) or x.ndim >= rank - depth else given
        for x, given in zip(plain, operands, strict=True)
    ]  # fmt: skip
    return values, (splits, (None,) * depth)


def _plain(x: Any, like: RaggedTensor) -> Any:
    return x if isinstance(x, RaggedTensor) else convert_to_tensor(x, dtype_hint=like.dtype)


def _levels(x: Any, rank: int, depth: int) -> tuple[str, list[Tensor]]:
    """Return what each of the first ``depth + 1`` dimensions is after stretching to `rank`."""
    missing = rank - x.ndim
    one = convert_to_tensor(np.asarray(1, np.int64))
    ragged = isinstance(x, RaggedTensor)
    sizes: list[Any] = [x.nrows(dtypes.int64)] if ragged else []
    if ragged:
        known = zip(x._uniforms(), x.nested_row_splits, strict=True)
        sizes += [splits if n is None else partition.whole(n) for n, splits in known]
    values = x.flat_values if ragged else x
    inner = m.cast(shaping.shape(values), dtypes.int64)
    sizes += [inner[d] for d in range(1 if ragged else 0, values.ndim)]
    rows = "".join("r" if n is None else "u" for n in x._uniforms()) if ragged else ""
    letters = "u" * missing + ("u" if ragged else "") + rows
    return (letters + "u" * rank)[: depth + 1], ([one] * missing + sizes)[: depth + 1]


def _flat(x: Any, rank: int, depth: int) -> Tensor:
    """Return the elements with the dimensions that `align_p` counts through as one."""
    last = depth - (rank - x.ndim)
    if isinstance(x, RaggedTensor):
        last -= x.ragged_rank
        x = x.flat_values
    found: Tensor = merge_dims(x, 0, last) if last > 0 else x
    return found


def broadcast_elements(function: Callable[..., Any], operands: Sequence[Any]) -> RaggedTensor:
    """Return an elementwise function of operands of which one or more are ragged."""
    values, cuts = align(operands)
    return of_partition(convert_to_tensor(function(*values)), cuts)
