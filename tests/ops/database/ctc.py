"""Connectionist temporal classification, by trying every path."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import special

from database.record import Operation, Sparse, case, error, normal

F8 = {"dtype": "f8"}


def collapsed(path: Any, blank: int) -> tuple[int, ...]:
    return tuple(int(c) for c, _ in itertools.groupby(path) if c != blank)


def paths(log_p: np.ndarray, blank: int) -> Iterator[tuple[tuple[int, ...], float]]:
    """Yield what each path collapses to, and its log probability."""
    for path in itertools.product(range(log_p.shape[1]), repeat=log_p.shape[0]):
        yield collapsed(path, blank), float(sum(log_p[t, c] for t, c in enumerate(path)))


def rows_of(labels: Any, label_length: Any) -> list[list[int]]:
    if isinstance(labels, Sparse):
        found: list[list[int]] = [[] for _ in range(labels.shape[0])]
        for (i, _), c in zip(labels.indices, labels.values, strict=True):
            found[i].append(int(c))
        return found
    return [row[:n].tolist() for row, n in zip(labels, label_length, strict=True)]


def loss(
    labels: Any, logits: np.ndarray, label_length: Any, logit_length: Any,
    logits_time_major: bool = True, unique: Any = None, blank_index: int | None = None,
) -> np.ndarray:  # fmt: skip
    x = logits if logits_time_major else logits.swapaxes(0, 1)
    blank = (blank_index or 0) % x.shape[2]
    found = []
    for b, (row, n) in enumerate(zip(rows_of(labels, label_length), logit_length, strict=True)):
        log_p = special.log_softmax(x[:n, b].astype("f8"), -1)
        found.append(-special.logsumexp([p for s, p in paths(log_p, blank) if s == tuple(row)]))
    return np.array(found).astype(x.dtype)


def sparse(rows: list[tuple[int, ...]]) -> Sparse:
    places = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
    return Sparse(
        np.array(places, np.int64).reshape(-1, 2),
        np.array([c for row in rows for c in row], np.int64),
        (len(rows), max(map(len, rows))),
    )


def greedy(
    x: np.ndarray, sequence_length: Any, merge_repeated: bool = True, blank_index: int | None = None
) -> tuple[list[Sparse], np.ndarray]:
    blank = x.shape[2] - 1 if blank_index is None else blank_index % x.shape[2]
    rows, total = [], []
    for b, n in enumerate(sequence_length):
        path = x[:n, b].argmax(-1)
        kept = collapsed(path, blank) if merge_repeated else tuple(c for c in path if c != blank)
        rows.append(tuple(int(c) for c in kept))
        total.append([-float(x[:n, b].max(-1).sum())])
    return [sparse(rows)], np.array(total).astype(x.dtype)


def best(
    x: np.ndarray, sequence_length: Any, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[Sparse], np.ndarray]:
    rows: list[list[tuple[int, ...]]] = [[] for _ in range(top_paths)]
    total = []
    for b, n in enumerate(sequence_length):
        sums: dict[tuple[int, ...], float] = {}
        for labels, p in paths(special.log_softmax(x[:n, b].astype("f8"), -1), x.shape[2] - 1):
            sums[labels] = float(np.logaddexp(sums.get(labels, -np.inf), p))
        ranked = sorted(sums.items(), key=lambda item: -item[1])[:top_paths]
        for k, (labels, _) in enumerate(ranked):
            rows[k].append(labels)
        total.append([p for _, p in ranked])
    return [sparse(r) for r in rows], np.array(total).astype(x.dtype)


def without_repetition(labels: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = [[c for c, _ in itertools.groupby(r[:n])] for r, n in zip(labels, length, strict=True)]
    counts = np.array([len(r) for r in rows], length.dtype)
    found = np.zeros((len(rows), counts.max()), labels.dtype)
    for i, row in enumerate(rows):
        found[i, : len(row)] = row
    return found, counts


def unique(labels: np.ndarray) -> list[np.ndarray]:
    values, places = np.zeros(labels.shape, np.int64), np.zeros(labels.shape, np.int32)
    for i, row in enumerate(labels):
        own = list(dict.fromkeys(row.tolist()))
        values[i, : len(own)] = own
        places[i] = [own.index(c) for c in row]
    return [values, places]


LABELS = np.array([[1, 2], [2, 0]], np.int32)
LENGTHS = (np.array([2, 1], np.int32), np.array([4, 3], np.int32))
X = normal(4, 2, 3)
SPARSE = Sparse(np.array([[0, 0], [0, 1], [1, 0]]), np.array([1, 1, 0], np.int32), (2, 2))
OPERATIONS = [
    Operation(
        name="nn.ctc_loss", reference=loss, tolerance={"float32": 1e-5},
        cases=[
            case(LABELS, X, *LENGTHS),
            case(LABELS, normal(2, 4, 3), *LENGTHS, logits_time_major=False),
            case(np.array([[0, 0], [1, 0]], np.int32), X, *LENGTHS, blank_index=-1),
            case(np.array([[2, 2], [2, 1]], np.int32), X, *LENGTHS),
            case(SPARSE, X, None, LENGTHS[1], blank_index=-1),
            case(np.array([[1]], np.int32), normal(1, 1, 2), np.array([1]), np.array([1])),
        ],
        gradient=[
            case(LABELS, normal(4, 2, 3, **F8), *LENGTHS),
            case(np.array([[1, 1], [0, 1]], np.int32), normal(4, 2, 3, **F8), *LENGTHS,
                 blank_index=2),
        ],
        errors=[error("ValueError", SPARSE, X, None, LENGTHS[1], message="blank_index")],
        second=False,  # its gradient is computed forwards and backwards, without rules of its own
    ),
    Operation(
        name="nn.ctc_greedy_decoder", reference=greedy, tolerance={"float32": 1e-5},
        cases=[
            case(X, LENGTHS[1]), case(normal(5, 3, 4), np.array([5, 2, 4], np.int32), False),
            case(normal(5, 2, 3), np.array([5, 4], np.int32), blank_index=0),
        ],
        no_gradient="labels are whole numbers",
    ),
    Operation(
        name="nn.ctc_beam_search_decoder", reference=best, tolerance={"float32": 1e-5},
        cases=[
            case(X, LENGTHS[1]), case(X, LENGTHS[1], 60, 2),
            case(normal(5, 2, 3), np.array([5, 4], np.int32), beam_width=100, top_paths=3),
        ],
        no_gradient="labels are whole numbers",
    ),
    Operation(
        name="nn.collapse_repeated", reference=without_repetition,
        cases=[
            case(np.array([[1, 1, 2, 2, 1], [3, 3, 3, 4, 4]]), np.array([5, 3])),
            case(np.array([[1, 1], [2, 2]], np.int32), np.array([2, 1], np.int32)),
        ],
    ),
    Operation(
        name="nn.ctc_unique_labels", reference=unique,
        cases=[
            case(np.array([[3, 4, 4, 3], [1, 2, 0, 0]])), case(np.array([[1], [2]], np.int32)),
        ],
    ),
]  # fmt: skip
