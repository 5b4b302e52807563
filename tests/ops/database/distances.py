"""Distances between sequences."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from database.record import Operation, Sparse, case, error, normal, strings


def _sparse(rows: list[str], width: int = 4) -> Sparse:
    places = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
    values = [c for row in rows for c in row]
    indices = np.array(places, np.int64).reshape(-1, 2)
    return Sparse(indices, strings(*values), (len(rows), width))


def _distance(x: str, y: str) -> int:
    @functools.cache
    def least(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        replaced = least(i - 1, j - 1) + (x[i - 1] != y[j - 1])
        return min(least(i - 1, j) + 1, least(i, j - 1) + 1, replaced)

    return least(len(x), len(y))


def _words(sparse: Sparse) -> list[str]:
    rows = [""] * sparse.shape[0]
    for (i, _), value in zip(sparse.indices, sparse.values, strict=True):
        rows[i] += value.decode()
    return rows


def _edit_distance(hypothesis: Any, truth: Any, normalize: bool = True) -> np.ndarray:
    found = []
    for x, y in zip(_words(hypothesis), _words(truth), strict=True):
        distance = _distance(x, y)
        if normalize:
            found.append(distance / len(y) if y else np.inf if x else 0.0)
        else:
            found.append(float(distance))
    return np.array(found, np.float32)


OPERATIONS = [
    Operation(
        name="edit_distance", reference=_edit_distance,
        no_gradient="distances are whole numbers",
        cases=[
            case(_sparse(["ab"]), _sparse(["acd"])),
            case(_sparse(["abcd", "", "a"]), _sparse(["bcda", "ab", ""])),
            case(_sparse(["abc", "b"]), _sparse(["", "bbb"]), normalize=False),
            case(_sparse(["", "abc"]), _sparse(["", "abc"])),
        ],
        errors=[error("TypeError", normal(2, 2), _sparse(["a", "b"]), message="SparseTensor")],
    ),
]  # fmt: skip
