"""Moments, normalization by them, averages of losses, and dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import Operation, case, complexes, error, integers, normal, uniform

F8 = {"dtype": "f8"}
HALF = {"float16": 4e-3, "float32": 1e-5}


def axes_of(axes: Any) -> tuple[int, ...]:
    return tuple(int(a) for a in np.atleast_1d(axes))


def moments(x: np.ndarray, axes: Any, shift: Any = None, keepdims: bool = False) -> Any:
    wide, along = x.astype(np.float64), axes_of(axes)
    found = wide.mean(along, keepdims=keepdims), wide.var(along, keepdims=keepdims)
    return tuple(np.asarray(f).astype(x.dtype) for f in found)


def weighted(x: np.ndarray, axes: Any, frequency_weights: Any, keepdims: bool = False) -> Any:
    along = axes_of(axes)
    x, w = np.broadcast_arrays(x.astype(x.dtype), np.asarray(frequency_weights))
    total = w.astype("f8").sum(along, keepdims=True)
    total = np.where(total == 0, np.inf, total)  # of no weight, both are 0
    mean = (w * x.astype("f8")).sum(along, keepdims=True) / total
    variance = (w * (x.astype("f8") - mean) ** 2).sum(along, keepdims=True) / total
    if not keepdims:
        mean, variance = mean.squeeze(along), variance.squeeze(along)
    return tuple(np.asarray(f).astype(x.dtype) for f in (mean, variance))


def statistics(x: np.ndarray, axes: Any, shift: Any = None, keepdims: bool = False) -> Any:
    along = axes_of(axes)
    count = np.asarray(np.prod([x.shape[a] for a in along]), x.dtype)
    d = x.astype("f8") - (0 if shift is None else shift)
    sums = [np.sum(d, along, keepdims=keepdims), np.sum(d * d, along, keepdims=keepdims)]
    moved = None if shift is None else np.asarray(shift, x.dtype)
    return (count, *(np.asarray(s, x.dtype) for s in sums), moved)


def normalized(counts: Any, mean_ss: Any, variance_ss: Any, shift: Any) -> Any:
    d = mean_ss / counts
    variance = variance_ss / counts - d * d
    return d if shift is None else d + shift, variance


def standard(x: Any, mean: Any, variance: Any, offset: Any, scale: Any, epsilon: float) -> Any:
    y = (x.astype("f8") - mean) / np.sqrt(variance.astype("f8") + epsilon)
    y = y if scale is None else y * scale
    return np.asarray(y if offset is None else y + offset).astype(x.dtype)


def unit(x: np.ndarray, axis: Any = None, epsilon: float = 1e-12) -> np.ndarray:
    along = None if axis is None else axes_of(axis)
    total = np.sum(np.abs(x).astype("f8") ** 2, along, keepdims=True)
    return (x / np.sqrt(np.maximum(total, epsilon))).astype(x.dtype)


def responses(
    x: np.ndarray, depth_radius: int = 5, bias: float = 1, alpha: float = 1, beta: float = 0.5
) -> np.ndarray:
    near = np.zeros(x.shape)
    for c in range(x.shape[-1]):
        part = x[..., max(c - depth_radius, 0) : c + depth_radius + 1].astype("f8")
        near[..., c] = np.sum(part**2, -1)
    return (x / (bias + alpha * near) ** beta).astype(x.dtype)


def average(loss: np.ndarray, sample_weight: Any = None, global_batch_size: Any = None) -> Any:
    size = loss.shape[0] if global_batch_size is None else global_batch_size
    weight = 1 if sample_weight is None else sample_weight
    return np.asarray(np.sum(loss.astype("f8") * weight) / size).astype(loss.dtype)


MEAN, SPREAD = normal(3), uniform(3, low=0.5)
BATCH = (normal(4, 3), MEAN, SPREAD)
OPERATIONS = [
    Operation(
        name="nn.moments", reference=moments, tolerance=HALF,
        cases=[
            case(normal(3), [0]), case(normal(4, 3), [0]), case(normal(2, 3, 4), [1, 2]),
            case(normal(2, 3, 4), axes=[-1], keepdims=True), case(normal(2, 3, **F8), [0, 1]),
            case(normal(2, 3, dtype="f2"), [1]), case(normal(4, 2), [0], shift=None),
        ],
        gradient=[case(normal(3, 2, **F8), [0]), case(normal(3, 2, **F8), [0, 1], keepdims=True)],
        second=False,  # the mean is a constant in it, as in TensorFlow
    ),
    Operation(
        name="nn.weighted_moments", reference=weighted, tolerance=HALF,
        cases=[
            case(normal(3), [0], uniform(3)), case(normal(4, 3), [0], uniform(4, 1)),
            case(normal(2, 3, 4), [1, 2], uniform(2, 3, 4), True),
            case(normal(2, 3, **F8), [1], uniform(3, **F8), keepdims=True),
            case(normal(2, 3), [1], np.float32([[0, 0, 0], [1, 0, 2]])),
        ],
        gradient=[case(normal(3, 2, **F8), [0], uniform(3, 1, low=0.5, **F8))],
        second=False,  # as above
    ),
    Operation(
        name="nn.sufficient_statistics", reference=statistics, tolerance=HALF, absolute=1e-5,
        cases=[
            case(normal(3), [0]), case(normal(4, 3), [0], np.float32(2)),
            case(normal(2, 3, 4), [1, 2], keepdims=True), case(normal(2, 3, **F8), axes=[0, 1]),
        ],
        gradient=[case(normal(3, 2, **F8), [0], np.array(0.5))],
    ),
    Operation(
        name="nn.normalize_moments", reference=normalized, tolerance=HALF, absolute=1e-5,
        cases=[
            case(np.float32(4), normal(3), uniform(3, low=8, high=9), None),
            case(np.float64(4), normal(3, **F8), uniform(3, low=8, high=9, **F8), np.float64(2)),
        ],
        gradient=[case(np.array(4.0), normal(3, **F8), uniform(3, low=8, high=9, **F8),
             np.array(2.0))],
    ),
    Operation(
        name="nn.batch_normalization", reference=standard, tolerance=HALF,
        cases=[
            case(*BATCH, None, None, 1e-3), case(*BATCH, normal(3), uniform(3), 1e-3),
            case(*BATCH, normal(3), None, 0.5),
            case(normal(2, 2, 3), MEAN, SPREAD, None, MEAN, 0.1),
            case(normal(4, 3, **F8), normal(3, **F8), uniform(3, **F8), None, None, 1e-3),
        ],
        gradient=[
            case(normal(4, 3, **F8), normal(3, **F8), uniform(3, low=0.5, **F8), normal(3, **F8),
                 uniform(3, **F8), 1e-3),
        ],
    ),
    Operation(
        name="nn.batch_norm_with_global_normalization",
        reference=lambda x, mean, variance, beta, gamma, epsilon, scale: standard(
            x, mean, variance, beta, gamma if scale else None, epsilon
        ),
        cases=[
            case(normal(2, 2, 2, 3), MEAN, SPREAD, normal(3), uniform(3), 1e-3, True),
            case(normal(2, 2, 2, 3), MEAN, SPREAD, normal(3), uniform(3), 1e-3, False),
        ],
        gradient=[
            case(normal(1, 2, 2, 2, **F8), normal(2, **F8), uniform(2, low=0.5, **F8),
                 normal(2, **F8), uniform(2, **F8), 1e-3, True),
        ],
        tolerance=HALF,
    ),
    Operation(
        name="nn.l2_normalize", reference=unit, tolerance=HALF,
        cases=[
            case(normal(3)), case(normal(2, 3), 1), case(normal(2, 3, **F8), axis=[0, 1]),
            case(np.zeros(3, np.float32)), case(normal(2, 3), -1, 2.0), case(normal(3, dtype="f2")),
            case(complexes(2, 3), 1),
        ],
        gradient=[case(normal(2, 3, **F8), 1)],
    ),
    *(
        Operation(
            name=f"nn.{name}", reference=responses, tolerance=HALF,
            cases=[
                case(normal(1, 2, 2, 7)), case(normal(2, 1, 2, 3), 1, 0.5, 2.0, 0.75),
                case(normal(1, 1, 1, 4), depth_radius=2, bias=2.0, alpha=0.1, beta=1.0),
                case(normal(0, 2, 2, 3), 1),
            ],
            gradient=[case(normal(1, 1, 2, 4, **F8), 1, 1.0, 0.5, 0.75)],
            errors=[
                error("InvalidArgumentError", normal(2, 3), message="height"),
                error("InvalidArgumentError", integers(1, 1, 1, 2), message="floating"),
                error("InvalidArgumentError", normal(1, 1, 1, 2), -1, message="depth_radius"),
            ],
        )
        for name in ("local_response_normalization", "lrn")
    ),
    Operation(
        name="nn.zero_fraction",
        reference=lambda x: np.float32(np.mean(x == 0)) if x.size else np.float32(np.nan),
        cases=[
            case(np.float32([0, 1, 0, -0.0])), case(integers(3, 4)), case(np.float32(0)),
            case(np.zeros((2, 2))),
        ],
        no_gradient="a share has steps",
    ),
    Operation(
        name="nn.compute_average_loss", reference=average, tolerance=HALF,
        cases=[
            case(normal(4)), case(normal(4), global_batch_size=8),
            case(normal(4), uniform(4)), case(normal(4), sample_weight=np.float32(2)),
        ],
        gradient=[case(normal(4, **F8), uniform(4, **F8), 3)],
        errors=[error("ValueError", np.float32(1), message="one number")],
    ),
    Operation(
        name="nn.scale_regularization_loss",
        reference=lambda x: np.asarray(np.sum(x, dtype="f8")).astype(x.dtype),
        cases=[case(normal(3)), case(normal()), case(normal(2, 2, **F8))], tolerance=HALF,
        gradient=[case(normal(3, **F8))],
    ),
    Operation(
        name="nn.dropout", reference=None,
        cases=[
            case(normal(3, 2), 0.5), case(normal(3, 2), rate=0.3, noise_shape=[3, 1], seed=1),
            case(normal(2, dtype="f2"), 0.1), case(normal(2, **F8), 0), case(normal(), 0.5),
            case(normal(2, 3), np.float32(0.5)), case(normal(2, 3), 0.5, [None, 1]),
        ],
        errors=[
            error("ValueError", normal(3), 1.5, message="rate must be in"),
            error("ValueError", normal(3), -0.5, message="rate must be in"),
            error("ValueError", integers(3), 0.5, message="floating-point"),
        ],
        no_gradient="its choices are random; test_random looks at it",
    ),
    Operation(
        name="nn.experimental.stateless_dropout", reference=None,
        cases=[
            case(normal(3, 2), 0.5, np.array([1, 2], np.int32)),
            case(normal(3, 2), 0.5, seed=np.array([1, 2]), noise_shape=[1, 2]),
        ],
        errors=[error("ValueError", normal(3), 1.5, np.array([1, 2]), message="rate must be in")],
        no_gradient="as for dropout",
    ),
]  # fmt: skip
