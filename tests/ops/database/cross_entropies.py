"""Losses of logits and of regressions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from database.record import Operation, case, error, integers, normal, uniform

HALF = {"float16": 4e-3, "float32": 1e-5}


def shares(*shape: int, dtype: Any = "f4") -> np.ndarray:
    found = uniform(*shape, dtype="f8")
    return (found / np.maximum(found.sum(-1, keepdims=True), 1e-9)).astype(dtype)


def of_classes(labels: np.ndarray, logits: np.ndarray, axis: int = -1) -> np.ndarray:
    terms = labels.astype(np.float64) * special.log_softmax(logits.astype(np.float64), axis)
    return -np.sum(terms, axis).astype(logits.dtype)


def of_numbers(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
    logs = special.log_softmax(logits.astype(np.float64), -1)
    return -np.take_along_axis(logs, labels[..., None].astype(int), -1)[..., 0].astype(logits.dtype)


def of_truths(labels: np.ndarray, logits: np.ndarray, pos_weight: Any = 1.0) -> np.ndarray:
    z, x = labels.astype(np.float64), logits.astype(np.float64)
    found = z * np.asarray(pos_weight) * np.logaddexp(0, -x) + (1 - z) * np.logaddexp(0, x)
    return found.astype(logits.dtype)


def of_counts(z: np.ndarray, c: np.ndarray, compute_full_loss: bool = False) -> np.ndarray:
    loss = np.exp(c) - z * c
    if compute_full_loss:
        stirling = z * np.log(z) - z + 0.5 * np.log(2 * np.pi * z)
        loss = loss + np.where((z >= 0) & (z <= 1), 0, stirling)
    return loss.astype(c.dtype)


OPERATIONS = [
    Operation(
        name="nn.softmax_cross_entropy_with_logits", reference=of_classes,
        cases=[
            case(shares(3), normal(3)), case(shares(2, 3), normal(2, 3)),
            case(shares(2, 3, dtype="f8"), normal(2, 3, dtype="f8")),
            case(labels=shares(2, 2, 3), logits=normal(2, 2, 3)), case(shares(0, 3), normal(0, 3)),
            case(shares(3, 2), normal(3, 2), 0), case(shares(2, 3, 2), normal(2, 3, 2), axis=1),
            case(shares(2, 4, dtype="f2"), normal(2, 4, dtype="f2")),
        ],
        gradient=[case(shares(2, 3, dtype="f8"), normal(2, 3, dtype="f8"))],
        errors=[
            error("InvalidArgumentError", shares(2, 3), normal(2, 4), message="broadcast|shape"),
        ],
        tolerance=HALF,
    ),
    Operation(
        name="nn.sparse_softmax_cross_entropy_with_logits", reference=of_numbers,
        cases=[
            case(np.array(1, np.int32), normal(3)), case(np.array([0, 2], np.int32), normal(2, 3)),
            case(np.array([0, 2]), normal(2, 3, dtype="f8")),
            case(labels=np.array([[1, 0], [2, 2]], np.int32), logits=normal(2, 2, 3)),
            case(np.array([], np.int32), normal(0, 3)),
            case(np.array([1, 2]), normal(2, 4, dtype="f2")),
        ],
        gradient=[case(np.array([0, 2], np.int32), normal(2, 3, dtype="f8"))],
        errors=[
            error("InvalidArgumentError", np.array([0, 3]), normal(2, 3), message="label 3"),
            error("ValueError", np.array([0, 1, 2]), normal(2, 3), message="shape of logits"),
            error("InvalidArgumentError", normal(2), normal(2, 3), message="integers"),
        ],
        tolerance=HALF,
    ),
    Operation(
        name="nn.sigmoid_cross_entropy_with_logits", reference=of_truths,
        cases=[
            case(uniform(3), normal(3)), case(uniform(), normal()), case(uniform(0), normal(0)),
            case(labels=uniform(2, 3, dtype="f8"), logits=normal(2, 3, dtype="f8")),
            case(np.float32([0, 1, 0, 1]), np.float32([100, 100, -100, -100])),
            case(uniform(3, dtype="f2"), normal(3, dtype="f2")),
        ],
        gradient=[case(uniform(2, 3, dtype="f8"), normal(2, 3, dtype="f8"))],
        errors=[error("ValueError", uniform(2), normal(3), message="one shape")],
        tolerance=HALF,
    ),
    Operation(
        name="nn.weighted_cross_entropy_with_logits", reference=of_truths,
        cases=[
            case(uniform(3), normal(3), 2.0), case(uniform(), normal(), 0.5),
            case(labels=uniform(2, 3, dtype="f8"), logits=normal(2, 3, dtype="f8"), pos_weight=3.0),
            case(np.float32([0, 1, 0, 1]), np.float32([50, 50, -50, -50]), 1.5),
            case(uniform(2, 3), normal(2, 3), np.float32([1, 2, 3])),
        ],
        gradient=[
            case(uniform(2, 3, dtype="f8"), normal(2, 3, dtype="f8"), np.array([1.5, 2, 3])),
        ],
        errors=[error("ValueError", uniform(2), normal(3), 1.0, message="one shape")],
        tolerance=HALF, absolute=1e-5,
    ),
    Operation(
        name="nn.log_poisson_loss", reference=of_counts,
        cases=[
            case(np.float32([0, 1, 2, 5]), normal(4)), case(uniform(high=9.0), normal(), True),
            case(np.float32([[0, 0.5], [1, 7]]), normal(2, 2), compute_full_loss=True),
            case(uniform(3, high=9.0, dtype="f8"), normal(3, dtype="f8"), True),
        ],
        gradient=[
            case(uniform(2, 3, low=2.0, high=9.0, dtype="f8"), normal(2, 3, dtype="f8"), True),
            case(uniform(3, dtype="f8"), normal(3, dtype="f8")),
        ],
        errors=[error("ValueError", uniform(2), normal(3), message="one shape")],
        tolerance=HALF,
    ),
    Operation(
        name="nn.l2_loss",
        reference=lambda x: np.asarray(np.sum(x.astype(np.float64) ** 2) / 2).astype(x.dtype),
        cases=[case(normal(*s, dtype=d)) for s in [(), (0,), (3,), (2, 3)] for d in ("f4", "f8")],
        gradient=[case(normal(2, 3, dtype="f8"))],
        errors=[error("InvalidArgumentError", integers(3), message="float|number")],
    ),
]  # fmt: skip
