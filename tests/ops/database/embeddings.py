"""Embeddings, candidates and the losses over them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from database.record import Operation, Ragged, Sparse, case, error, normal, uniform

F8 = {"dtype": "f8"}
TABLE = normal(5, 3)


def clipped(rows: np.ndarray, max_norm: float | None) -> np.ndarray:
    if max_norm is None:
        return rows
    norm = np.sqrt((rows**2).sum(-1, keepdims=True))
    return rows * np.minimum(1, max_norm / norm)


def looked_up(params: Any, ids: np.ndarray, max_norm: float | None = None) -> np.ndarray:
    table = np.concatenate(params) if isinstance(params, list) else params
    return clipped(table[ids], max_norm).astype(table.dtype)


def entries(ids: Any, weights: Any) -> list[tuple[tuple[int, ...], int, float]]:
    count = len(ids.values)
    given = np.ones(count) if weights is None else weights.values
    if isinstance(ids, Sparse):
        rows = [tuple(int(i) for i in place[:-1]) for place in ids.indices]
    else:
        rows = [
            (int(i),) for i in np.repeat(np.arange(len(ids.splits[0]) - 1), np.diff(ids.splits[0]))
        ]
    return [(r, int(i), float(w)) for r, i, w in zip(rows, ids.values, given, strict=True)]


def combine(shape: Any, params: Any, found: Any, combiner: str, max_norm: Any) -> np.ndarray:
    table = np.concatenate(params) if isinstance(params, list) else params
    y = np.zeros((*shape, table.shape[1]))
    size = np.zeros((*shape, 1))
    for row, i, w in found:
        y[row] += w * clipped(table[i].astype("f8"), max_norm)
        size[row] += w if combiner == "mean" else w * w
    if combiner == "sum":
        return y.astype(table.dtype)
    size = size if combiner == "mean" else np.sqrt(size)
    return np.where(size == 0, 0, y / np.where(size == 0, 1, size)).astype(table.dtype)


def sparse(params: Any, ids: Any, weights: Any, combiner: Any = None, max_norm: Any = None) -> Any:
    found = entries(ids, weights)
    rows = max(r[0] for r, _, _ in found) + 1
    return combine((rows,), params, found, combiner or "mean", max_norm)


def safe(
    params: Any, ids: Any, weights: Any = None, combiner: str = "mean", default_id: Any = None,
    max_norm: Any = None,
) -> np.ndarray:  # fmt: skip
    found = [
        (r, i, w) for r, i, w in entries(ids, weights) if i >= 0 and (w > 0 or combiner == "sum")
    ]
    shape = ids.shape[:-1] if isinstance(ids, Sparse) else (len(ids.splits[0]) - 1,)
    if default_id is not None:
        missing = set(np.ndindex(*shape)) - {r for r, _, _ in found}
        found += [(r, default_id, 1.0) for r in missing]
    return combine(shape, params, found, combiner, max_norm)


def logits_of(
    weights: Any, biases: Any, labels: Any, inputs: Any, values: Any, remove: bool
) -> tuple[np.ndarray, np.ndarray]:
    sampled, true_count, sampled_count = values
    right = np.einsum("bd,btd->bt", inputs, weights[labels]) + biases[labels] - np.log(true_count)
    others = inputs @ weights[sampled].T + biases[sampled] - np.log(sampled_count)
    if remove:
        others = np.where((labels[:, :, None] == sampled).any(1), -1e30, others)
    wanted = np.concatenate([np.full(right.shape, 1 / labels.shape[1]), np.zeros(others.shape)], 1)
    return np.concatenate([right, others], 1), wanted


def softmax_loss(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int,
    num_true: int = 1, sampled_values: Any = None, remove_accidental_hits: bool = True,
) -> np.ndarray:  # fmt: skip
    x, wanted = logits_of(weights, biases, labels, inputs, sampled_values, remove_accidental_hits)
    return -np.sum(wanted * special.log_softmax(x, 1), 1).astype(inputs.dtype)


def contrastive(
    weights: Any, biases: Any, labels: Any, inputs: Any, num_sampled: int, num_classes: int,
    num_true: int = 1, sampled_values: Any = None, remove_accidental_hits: bool = False,
) -> np.ndarray:  # fmt: skip
    x, wanted = logits_of(weights, biases, labels, inputs, sampled_values, remove_accidental_hits)
    return np.sum(np.logaddexp(0, x) - x * wanted, 1).astype(inputs.dtype)


def everything(true: np.ndarray, num_true: int, count: int, unique: bool) -> Any:
    return np.arange(count), np.ones(true.shape, "f4"), np.ones(count, "f4")


def hits(true: np.ndarray, sampled: np.ndarray, num_true: int) -> Any:
    rows, _, places = np.nonzero(true[:, :, None] == sampled)
    weights = np.full(len(rows), -np.finfo("f4").max, "f4")
    return rows.astype("i4"), places, weights


IDS = Sparse(np.array([[0, 0], [0, 1], [1, 0], [2, 1]]), np.array([0, 3, 1, 4]), (3, 2))
WEIGHTS = Sparse(IDS.indices, np.float32([0.5, 2, 1, 3]), IDS.shape)
ROWS = Ragged(np.array([0, 3, 1, 4]), (np.array([0, 2, 3, 4]),))
HOLES = Sparse(np.array([[0, 0], [0, 1], [2, 0], [2, 1]]), np.array([0, -1, 1, 4]), (4, 2))
HOLE_WEIGHTS = Sparse(HOLES.indices, np.float32([0.5, 2, 1, -3]), HOLES.shape)
DEEP = Sparse(np.array([[0, 0, 1], [1, 1, 0]]), np.array([2, 3]), (2, 2, 2))
VALUES = (np.array([3, 0, 5]), uniform(2, 1, low=0.2), uniform(3, low=0.2))
PAIRS = (np.array([3, 0, 5]), uniform(2, 2, low=0.2), uniform(3, low=0.2))
LOSS = (normal(6, 4), normal(6), np.array([[1], [5]]), normal(2, 4), 3, 6)
TWO = (normal(6, 4), normal(6), np.array([[1, 2], [5, 4]]), normal(2, 4), 3, 6)
FINE = (normal(6, 4, **F8), normal(6, **F8), np.array([[1], [5]]), normal(2, 4, **F8), 3, 6)
TOLERANCE = {"float32": 1e-5}
OPERATIONS = [
    Operation(
        name="nn.embedding_lookup", reference=looked_up, tolerance=TOLERANCE,
        cases=[
            case(TABLE, np.array([0, 4, 4], np.int32)), case(TABLE, np.array(2)),
            case(TABLE, np.array([[0, 1], [2, 3]], np.int64), 0.5),
            case([normal(4, 3), normal(3, 3)], np.array([0, 6, 3], np.int32)),
            case(TABLE, np.zeros((0,), np.int32)),
        ],
        gradient=[
            case(normal(4, 2, **F8), np.array([0, 3, 3], np.int32)),
            case(normal(4, 2, **F8), np.array([0, 3], np.int32), 0.5),
        ],
        errors=[error("InvalidArgumentError", TABLE, np.array([0, 9]), message="9")],
        unknown_shapes=False,  # the parts of a table are joined by known sizes
    ),
    Operation(
        name="nn.embedding_lookup_sparse", reference=sparse, tolerance=TOLERANCE,
        cases=[
            case(TABLE, IDS, None), case(TABLE, IDS, WEIGHTS), case(TABLE, IDS, WEIGHTS, "sum"),
            case(TABLE, IDS, WEIGHTS, combiner="sqrtn"), case(TABLE, IDS, None, "mean", 0.5),
            case(TABLE, ROWS, None, "sqrtn"), case([normal(4, 3), normal(3, 3)], IDS, None, "sum"),
        ],
        gradient=[case(normal(5, 2, **F8), IDS, WEIGHTS),
             case(normal(5, 2, **F8), IDS, None, "sqrtn")],
        errors=[
            error("ValueError", TABLE, IDS, None, "product", message="combiner"),
            error("TypeError", TABLE, np.array([1]), None, message="SparseTensor"),
        ],
        unknown_shapes=False,  # as above
    ),
    Operation(
        name="nn.safe_embedding_lookup_sparse", reference=safe, tolerance=TOLERANCE,
        cases=[
            case(TABLE, HOLES), case(TABLE, HOLES, HOLE_WEIGHTS),
            case(TABLE, HOLES, HOLE_WEIGHTS, "sum"), case(TABLE, HOLES, default_id=3),
            case(TABLE, DEEP, None, "sqrtn"), case(TABLE, IDS, WEIGHTS, combiner="mean"),
        ],
        gradient=[case(normal(5, 2, **F8), HOLES, HOLE_WEIGHTS, "mean", 3)],
        traced=False,  # the number of rows is data of a sparse tensor
    ),
    Operation(
        name="nn.sampled_softmax_loss", reference=softmax_loss, tolerance=TOLERANCE,
        cases=[
            case(*LOSS, sampled_values=VALUES), case(*TWO, 2, sampled_values=PAIRS),
            case(*LOSS, sampled_values=VALUES, remove_accidental_hits=False),
        ],
        gradient=[case(*FINE, sampled_values=VALUES)],
    ),
    Operation(
        name="nn.nce_loss", reference=contrastive, tolerance=TOLERANCE,
        cases=[case(*LOSS, sampled_values=VALUES), case(*TWO, 2, sampled_values=PAIRS)],
        gradient=[case(*FINE, sampled_values=VALUES)],
    ),
    Operation(
        name="nn.compute_accidental_hits", reference=hits,
        cases=[
            case(np.array([[5], [7]]), np.array([7, 1, 5]), 1),
            case(np.array([[5, 1], [2, 3]]), np.array([1, 5, 9]), 2),
        ],
    ),
    *(
        Operation(
            name=f"{room}.all_candidate_sampler", reference=everything,
            cases=[case(np.array([[1], [2]]), 1, 5, True)],
        )
        for room in ("nn", "random")
    ),
    *(
        Operation(
            name=name, reference=None,
            cases=[
                case(np.array([[1], [2]]), 1, 4, True, 9),
                case(np.array([[1, 0]]), 2, 3, False, 9, seed=5),
            ],
            errors=[error("InvalidArgumentError", np.array([[1]]), 1, 9, True, 4,
                 message="cannot")],
        )
        for name in (
            "random.uniform_candidate_sampler", "random.log_uniform_candidate_sampler",
            "random.learned_unigram_candidate_sampler", "nn.learned_unigram_candidate_sampler",
        )
    ),
    *(
        Operation(
            name=f"{room}.fixed_unigram_candidate_sampler", reference=None,
            cases=[
                case(np.array([[1], [2]]), 1, 2, True, 3, unigrams=[1.0, 2.0, 3.0]),
                case(np.array([[1]]), 1, 4, False, 3, num_reserved_ids=1, unigrams=[2.0, 3.0]),
            ],
        )
        for room in ("nn", "random")
    ),
]  # fmt: skip
