"""Boxes in images: cut out, drawn, chosen, sampled."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from database.record import Operation, case, error, integers, normal, uniform


def _crop_and_resize(
    image: np.ndarray, boxes: np.ndarray, box_indices: np.ndarray, crop_size: Any,
    method: str = "bilinear", extrapolation_value: float = 0.0,
) -> np.ndarray:  # fmt: skip
    height, width = image.shape[1:3]
    found = np.full((len(boxes), *crop_size, image.shape[3]), extrapolation_value, np.float32)
    for n, (y1, x1, y2, x2) in enumerate(boxes.astype(float)):
        x = image[box_indices[n]].astype(float)
        for i in range(crop_size[0]):
            for j in range(crop_size[1]):
                y, z = _at(i, crop_size[0], y1, y2, height), _at(j, crop_size[1], x1, x2, width)
                if not (0 <= y <= height - 1 and 0 <= z <= width - 1):
                    continue
                if method == "nearest":
                    found[n, i, j] = x[math.floor(y + 0.5), math.floor(z + 0.5)]
                    continue
                top, left, dy, dx = int(y), int(z), y % 1, z % 1
                below, right = min(top + 1, height - 1), min(left + 1, width - 1)
                found[n, i, j] = (
                    x[top, left] * (1 - dy) * (1 - dx) + x[top, right] * (1 - dy) * dx
                    + x[below, left] * dy * (1 - dx) + x[below, right] * dy * dx
                )  # fmt: skip
    return found


def _at(i: int, count: int, low: float, high: float, size: int) -> float:
    if count == 1:
        return 0.5 * (low + high) * (size - 1)
    return (low + (high - low) * i / (count - 1)) * (size - 1)


def _draw(images: np.ndarray, boxes: np.ndarray, colors: Any) -> np.ndarray:
    found = images.copy()
    yellow_and_blue = np.float32([[1, 1, 0, 1], [0, 0, 1, 1]])
    if images.shape[3] == 1:
        yellow_and_blue = np.ones((1, 1), np.float32)
    table = yellow_and_blue if colors is None else colors
    height, width = images.shape[1:3]
    for b in range(len(images)):
        for n, box in enumerate(boxes[b]):
            top, bottom = (int(v * (height - 1)) for v in (box[0], box[2]))
            left, right = (int(v * (width - 1)) for v in (box[1], box[3]))
            for i in range(height):
                for j in range(width):
                    within = top <= i <= bottom and left <= j <= right
                    if within and (i in {top, bottom} or j in {left, right}):
                        found[b, i, j] = table[n % len(table)][: images.shape[3]]
    return found


def _overlap(p: np.ndarray, q: np.ndarray) -> float:
    (a, b), (c, d) = np.sort([p[:2], p[2:]], 0), np.sort([q[:2], q[2:]], 0)
    shared = np.prod(np.maximum(np.minimum(b, d) - np.maximum(a, c), 0))
    union = np.prod(b - a) + np.prod(d - c) - shared
    return float(shared / union) if np.prod(b - a) > 0 and np.prod(d - c) > 0 else 0.0


def _keep(
    overlaps: Any, scores: Any, most: int, limit: float, least: float, sigma: float = 0.0
) -> tuple[list[int], list[float]]:
    scores, least = scores.astype(float).copy(), float(np.float32(least))
    left, kept = [i for i in range(len(scores)) if scores[i] > least], []
    while left and len(kept) < most:
        best = max(left, key=lambda i: (scores[i], -i))
        left.remove(best)
        kept.append((best, scores[best]))
        for other in list(left):
            if sigma:
                scores[other] *= math.exp(-0.5 * overlaps[best][other] ** 2 / sigma)
            if (not sigma and overlaps[best][other] > limit) or scores[other] <= least:
                left.remove(other)
    return [i for i, _ in kept], [s for _, s in kept]


def _matrix(boxes: np.ndarray) -> list[list[float]]:
    return [[_overlap(p, q) for q in boxes] for p in boxes]


def _suppress(
    boxes: np.ndarray, scores: np.ndarray, max_output_size: Any, iou_threshold: float = 0.5,
    score_threshold: float = -math.inf, soft_nms_sigma: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    kept, values = _keep(
        _matrix(boxes), scores, int(max_output_size), iou_threshold, score_threshold,
        soft_nms_sigma,
    )  # fmt: skip
    return np.array(kept, np.int32), np.array(values, scores.dtype)


def _padded(
    boxes: np.ndarray, scores: np.ndarray, max_output_size: int, iou_threshold: float = 0.5,
    score_threshold: float = -math.inf, pad_to_max_output_size: bool = False,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    if boxes.ndim == 3:
        found = [
            _padded(b, s, max_output_size, iou_threshold, score_threshold, True)
            for b, s in zip(boxes, scores, strict=True)
        ]
        return np.stack([f[0] for f in found]), np.stack([f[1] for f in found])
    kept = _suppress(boxes, scores, max_output_size, iou_threshold, score_threshold)[0]
    count = np.int32(len(kept))
    return (np.pad(kept, (0, max_output_size - count)) if pad_to_max_output_size else kept), count


def _combined(
    boxes: np.ndarray, scores: np.ndarray, max_output_size_per_class: int, max_total_size: int,
    iou_threshold: float = 0.5, score_threshold: float = -math.inf, pad_per_class: bool = False,
    clip_boxes: bool = True,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    batch, _, classes = scores.shape
    total = max_total_size
    if pad_per_class:
        total = min(total, max_output_size_per_class * classes)
    places, values = np.zeros((batch, total, 4), np.float32), np.zeros((batch, total), np.float32)
    labels, counts = np.zeros((batch, total), np.float32), np.zeros(batch, np.int32)
    for b in range(batch):
        rows = []
        for c in range(classes):
            own = boxes[b, :, c % boxes.shape[2]]
            kept, best = _suppress(
                own, scores[b, :, c], max_output_size_per_class, iou_threshold, score_threshold
            )  # fmt: skip
            rows += [(s, c, own[i]) for i, s in zip(kept, best, strict=True)]
        rows.sort(key=lambda row: -row[0])
        counts[b] = min(len(rows), total)
        for n, (s, c, box) in enumerate(rows[:total]):
            values[b, n], labels[b, n] = s, c
            places[b, n] = np.clip(box, 0, 1) if clip_boxes else box
    return places, values, labels, counts


_X = normal(2, 5, 6, 3)
_BYTES = integers(1, 4, 4, 2, low=0, high=255, dtype=np.uint8)
_BOXES = np.float32([[0, 0, 1, 1], [0.2, 0.3, 0.7, 0.9], [-0.3, 0.5, 0.5, 1.4], [0.8, 0.9, 0.1, 0]])
_WHICH = np.int32([0, 1, 1, 0])
_BLACK = np.zeros((2, 6, 7, 3), np.float32)
_DRAWN = np.float32([[[0.1, 0.2, 0.7, 0.8], [-0.5, 0.5, 0.4, 1.5]], [[2, 2, 3, 3], [0, 0, 1, 1]]])
_RED_AND_MORE = np.float32([[1, 0, 0, 1], [0.2, 0.4, 0.6, 1], [3, 4, 5, 6]])
_CORNERS = np.float32([
    [0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11], [1, 11.1, 0, 10.1],
    [0, 100, 1, 101],
])  # fmt: skip
_SCORES = np.float32([0.9, 0.75, 0.6, 0.95, 0.5, 0.3])
_UPRIGHT = np.concatenate(
    [np.minimum(_CORNERS[:, :2], _CORNERS[:, 2:]), np.maximum(_CORNERS[:, :2], _CORNERS[:, 2:])], 1
)
_BATCH = np.stack([_UPRIGHT, _UPRIGHT[::-1]])
_SQUARE = np.float32(uniform(5, 5))
_CLASSES = uniform(2, 6, 3)
_OWN = np.float32(uniform(2, 6, 3, 4))
_BOX = np.float32([[[0.1, 0.2, 0.7, 0.8]]])
_NO_BOXES = np.zeros((1, 0, 4), np.float32)
_SIZE = np.int32([20, 30, 3])
_CHOICE = "it chooses, which has steps"
_BAD = [
    error("InvalidArgumentError", _CORNERS, _SCORES[:3], 5, message="scores"),
    error("InvalidArgumentError", _CORNERS[:, :3], _SCORES, 5, message=r"boxes .n, 4."),
    error("InvalidArgumentError", _CORNERS, _SCORES, -1, message="0 or more"),
    error("InvalidArgumentError", _CORNERS, _SCORES, 5, 1.5, message="iou_threshold"),
]

OPERATIONS = [
    Operation(
        name="image.crop_and_resize", reference=_crop_and_resize, absolute=2e-5,
        cases=[
            case(_X, _BOXES, _WHICH, [3, 4]), case(_X, _BOXES, _WHICH, [1, 2]),
            case(_X, _BOXES, _WHICH, (7, 1), "nearest"), case(_X, _BOXES[:1], _WHICH[:1], [5, 6]),
            case(_X, _BOXES, _WHICH, [4, 4], extrapolation_value=-3.0),
            case(_BYTES, _BOXES[:2], _WHICH[:1].repeat(2), [3, 3]),
            case(_X, _BOXES[:0], _WHICH[:0], [3, 3]),
        ],
        no_gradient="the result is float32; tests/ops/test_image.py checks its gradient",
        errors=[
            error("InvalidArgumentError", _X, _BOXES, _WHICH, [0, 2], message="crop_size"),
            error("InvalidArgumentError", _X, _BOXES, _WHICH[:2], [1, 2], message="box_indices"),
            error("InvalidArgumentError", _X[0], _BOXES, _WHICH, [1, 2], message="batch, height"),
            error("InvalidArgumentError", _X, _BOXES, _WHICH, [1, 2], "cubic", message="method"),
            error("OutOfRangeError", _X, _BOXES, _WHICH + 1, [1, 2], message="box index 2"),
        ],
    ),
    Operation(
        name="image.draw_bounding_boxes", reference=_draw,
        cases=[
            case(_BLACK, _DRAWN, _RED_AND_MORE), case(_BLACK, _DRAWN, None),
            case(_BLACK[..., :1], _DRAWN, None), case(_BLACK, _DRAWN, _RED_AND_MORE[:1, :3]),
            case(np.zeros((2, 3, 4, 4), np.float16), _DRAWN, _RED_AND_MORE),
        ],
        no_gradient="drawings are looked at, not trained with",
        errors=[
            error("InvalidArgumentError", _BLACK[..., :2], _DRAWN, None, message="1, 3 or 4"),
            error("InvalidArgumentError", _BLACK, _DRAWN[0], None, message="batch, n, 4"),
            error("InvalidArgumentError", _BLACK, _DRAWN, _RED_AND_MORE[:, :2], message="colors"),
        ],
    ),
    Operation(
        name="image.non_max_suppression", reference=lambda *a, **k: _suppress(*a, **k)[0],
        cases=[
            case(_CORNERS, _SCORES, 3), case(_CORNERS, _SCORES, np.int32(9), 0.9),
            case(_CORNERS, _SCORES, 9, score_threshold=0.6), case(_CORNERS, _SCORES, 0),
            case(_CORNERS, _SCORES, 9, 1.0), case(_CORNERS[:0], _SCORES[:0], 9),
            case(_CORNERS.astype(np.float16), _SCORES.astype(np.float16), 4),
        ],
        no_gradient=_CHOICE, errors=_BAD,
    ),
    Operation(
        name="image.non_max_suppression_with_scores", reference=_suppress, absolute=1e-5,
        cases=[
            case(_CORNERS, _SCORES, 3), case(_CORNERS, _SCORES, 5, 0.9, 0.4),
            case(_CORNERS, _SCORES, 5, 1.0, 0.1, 0.5), case(_CORNERS, _SCORES, 9, 1.0, 0.1, 0.3),
            case(_CORNERS, _SCORES, 9, 1.0, 0.3, 0.2),
        ],
        no_gradient=_CHOICE, errors=_BAD,
    ),
    Operation(
        name="image.non_max_suppression_overlaps",
        reference=lambda o, s, most, limit=0.5, least=-math.inf: np.array(
            _keep(o, s, most, limit, least)[0], np.int32
        ),
        cases=[
            case(_SQUARE + _SQUARE.T, _SCORES[:5], 5, limit) for limit in (0.2, 0.6, 1.1)
        ] + [case(np.eye(3, dtype=np.float32), _SCORES[:3], 2, 0.5, 0.7)],
        no_gradient=_CHOICE,
        errors=[
            error("InvalidArgumentError", _SQUARE[:3], _SCORES[:5], 5, message="overlaps"),
            error("InvalidArgumentError", _SQUARE, _SCORES[:5], -5, message="0 or more"),
        ],
    ),
    Operation(
        name="image.non_max_suppression_padded", reference=_padded,
        cases=[
            case(_UPRIGHT, _SCORES, 8, 0.5, 0.4, pad_to_max_output_size=True),
            case(_BATCH, np.stack([_SCORES] * 2), 5, 0.5, pad_to_max_output_size=True),
            case(_UPRIGHT, _SCORES, 2, 0.3, pad_to_max_output_size=True),
            case(_UPRIGHT, _SCORES, 4),
        ],
        no_gradient=_CHOICE,
        errors=[error("ValueError", _BATCH, np.stack([_SCORES] * 2), 5, message="needs pad_to")],
    ),
    Operation(
        name="image.combined_non_max_suppression", reference=_combined,
        cases=[
            case(_BATCH[:, :, None], _CLASSES, 2, 5), case(_OWN, _CLASSES, 3, 20),
            case(_BATCH[:, :, None], _CLASSES, 1, 8, score_threshold=0.5, pad_per_class=True),
            case(_OWN * 1.5, _CLASSES, 3, 4, iou_threshold=0.1, clip_boxes=False),
        ],
        no_gradient=_CHOICE, unknown_shapes=False,  # pad_per_class needs the number of classes
        errors=[
            error("InvalidArgumentError", _CORNERS, _CLASSES, 2, 5, message="boxes .batch"),
            error("InvalidArgumentError", _OWN, _CLASSES, 0, 5, message="positive"),
        ],
    ),
    *(
        Operation(
            name=f"image.{name}", reference=None, no_gradient="its values are random",
            cases=[
                case(_SIZE, _BOX, seed=seed), case(_SIZE.astype(np.int64), _BOX, seed=seed),
                case(_SIZE, _NO_BOXES, seed=seed, use_image_if_no_bounding_boxes=True),
                case(_SIZE, _BOX, seed=seed, aspect_ratio_range=[0.5, 2.0], area_range=[0.1, 0.3]),
            ],
            errors=[
                error("InvalidArgumentError", _SIZE, _NO_BOXES, seed=seed, message="no bounding"),
                error("InvalidArgumentError", _SIZE[:2], _BOX, seed=seed, message="three"),
                error("InvalidArgumentError", _SIZE, _BOX + 1, seed=seed, message="coordinates"),
                error("InvalidArgumentError", _SIZE, _BOX, seed=seed, area_range=[0.5, 2.0],
                      message="area_range"),
            ],
        )
        for name, seed in (
            ("sample_distorted_bounding_box", 3),
            ("stateless_sample_distorted_bounding_box", np.int32([3, 4])),
        )
    ),
]  # fmt: skip
