"""How many edits lead from one sequence to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive


def levenshtein(x: Sequence[Any], y: Sequence[Any]) -> int:
    """Return the least number of insertions, deletions and replacements that make y of x.

    Example:
        >>> levenshtein("kitten", "sitting")
        3
    """
    row = list(range(len(y) + 1))
    for i, a in enumerate(x, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(y, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


def _infer(*kinds: TensorType, normalize: bool) -> TensorType:
    x, y = kinds[1], kinds[4]
    if x.dtype != y.dtype:
        raise DTypeError(
            f"edit_distance: hypothesis and truth must have one dtype, received {x} and {y}"
        )
    rank = kinds[2].shape[0]
    if rank is None or rank != kinds[5].shape[0] or rank < 2:
        raise InvalidArgumentError(
            "edit_distance: hypothesis and truth must have one known rank of at least 2"
        )
    return TensorType(dtypes.float32, (None,) * (rank - 1))


def _sequences(indices: Array, values: Array) -> dict[tuple[int, ...], list[Any]]:
    found: dict[tuple[int, ...], list[Any]] = {}
    for place, value in zip(indices.tolist(), values.tolist(), strict=True):
        found.setdefault(tuple(place[:-1]), []).append(value)
    return found


def _reference(*arrays: Array, normalize: bool) -> Array:
    x_indices, x_values, x_shape, y_indices, y_values, y_shape = arrays
    result = np.zeros(np.maximum(x_shape, y_shape)[:-1], np.float32)
    xs, ys = _sequences(x_indices, x_values), _sequences(y_indices, y_values)
    for place in {*xs, *ys}:
        x, y = xs.get(place, []), ys.get(place, [])
        distance = float(levenshtein(x, y))
        if normalize:
            distance = distance / len(y) if y else np.inf
        result[place] = distance
    return result


edit_distance_p: Primitive = Primitive(
    name="edit_distance", infer=_infer, reference=_reference,
    gradient=NoGradient("distances are whole numbers"), lower=Host("sequences differ in length"),
)  # fmt: skip


def edit_distance(
    hypothesis: Any, truth: Any, normalize: bool = True, name: str | None = "edit_distance"
) -> Tensor:
    """Return the Levenshtein distance between sequences, the last dimension of sparse tensors.

    Args:
        hypothesis: A `SparseTensor` of rank 2 or more.
        truth: Another of that rank and dtype.
        normalize: Whether to divide by the length of the truth; of an empty one, the result is
            infinite unless the hypothesis is empty, too.
        name: Ignored.

    Returns:
        float32, with the dimensions but the last.

    Raises:
        TypeError: An argument is no `SparseTensor`.

    Source: V. Levenshtein, "Binary codes capable of correcting deletions, insertions and
    reversals", 1966.

    Example:
        >>> import freshet as ft
        >>> x = ft.SparseTensor([[0, 0], [0, 1]], ["a", "b"], [1, 2])
        >>> y = ft.SparseTensor([[0, 0], [0, 1]], ["a", "c"], [1, 2])
        >>> edit_distance(x, y).numpy().tolist()
        [0.5]
    """
    parts: list[Tensor] = []
    for what, value in (("hypothesis", hypothesis), ("truth", truth)):
        if not hasattr(value, "dense_shape") or not hasattr(value, "indices"):
            raise TypeError(f"edit_distance: {what} must be a SparseTensor, received {value!r}")
        parts += [value.indices, value.values, value.dense_shape]
    return edit_distance_p(*parts, normalize=bool(normalize))
