"""Non-maximum suppression of several classes at once, in a batch of images."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.image.suppression import chosen, overlap_of, single_numbers
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.sizes import static_integer


class CombinedNonMaxSuppression(NamedTuple):
    """What `combined_non_max_suppression` returns."""

    nmsed_boxes: Tensor
    nmsed_scores: Tensor
    nmsed_classes: Tensor
    valid_detections: Tensor


def _combined_infer(
    boxes: TensorType, scores: TensorType, *numbers: TensorType, each: int, total: int, clip: bool
) -> tuple[TensorType, ...]:
    batch = boxes.shape[0] if boxes.shape[0] is not None else scores.shape[0]
    found = TensorType(dtypes.float32, (batch, total))
    return (
        TensorType(dtypes.float32, (batch, total, 4)), found, found,
        TensorType(dtypes.int32, (batch,)),
    )  # fmt: skip


def _combined_reference(
    boxes: Array, scores: Array, *numbers: Array, each: int, total: int, clip: bool
) -> tuple[Array, ...]:
    limit, least = (float(n) for n in numbers)
    batch = len(boxes)
    places = np.zeros((batch, total, 4), np.float32)
    values, classes = np.zeros((2, batch, total), np.float32)
    counts = np.zeros(batch, np.int32)
    for b in range(batch):
        found: list[tuple[float, int, int]] = []
        for c in range(scores.shape[2]):
            own = boxes[b, :, c if boxes.shape[2] > 1 else 0]
            kept, best = chosen(overlap_of(own), scores[b, :, c], each, limit, least)
            found += [(-s, c, i) for s, i in zip(best, kept, strict=True)]
        counts[b] = len(ordered := sorted(found)[:total])
        for n, (negative, c, i) in enumerate(ordered):
            values[b, n], classes[b, n] = -negative, c
            places[b, n] = boxes[b, i, c if boxes.shape[2] > 1 else 0]
    return np.clip(places, 0, 1) if clip else places, values, classes, counts


combined_boxes_p: Primitive = Primitive(
    name="combined_boxes", infer=_combined_infer, reference=_combined_reference,
    gradient=NoGradient("it chooses, which has steps"), lower=Host("which boxes are kept is data"),
)  # fmt: skip


def combined_non_max_suppression(
    boxes: TensorLike, scores: TensorLike, max_output_size_per_class: Any, max_total_size: Any,
    iou_threshold: Any = 0.5, score_threshold: Any = float("-inf"), pad_per_class: bool = False,
    clip_boxes: bool = True, name: str | None = None,
) -> CombinedNonMaxSuppression:  # fmt: skip
    """Return the best boxes of all classes, after non-maximum suppression within each class.

    Args:
        boxes: float32[batch, n, classes, 4], or 1 in place of classes for boxes that all share.
        scores: float32[batch, n, classes].
        max_output_size_per_class: How many boxes of one class are kept at most.
        max_total_size: How many boxes of an image are kept at most.
        iou_threshold: Boxes that overlap more with a kept one of their class are dropped.
        score_threshold: Boxes with a score that is not above are dropped.
        pad_per_class: Whether the size of the result is at most ``max_output_size_per_class *
            classes``; otherwise it is `max_total_size`.
        clip_boxes: Whether the boxes in the result are cut to [0, 1].
        name: Ignored.

    Returns:
        A named tuple: nmsed_boxes, float32[batch, size, 4], the best first; nmsed_scores and
        nmsed_classes, float32[batch, size]; valid_detections, int32[batch]. What follows after
        the valid ones is 0.

    Raises:
        InvalidArgumentError: An argument has another form or is outside its range.
    """
    name = "image.combined_non_max_suppression"
    x, s = convert_to_tensor(boxes), convert_to_tensor(scores)
    each = static_integer(name, "max_output_size_per_class", max_output_size_per_class)
    total = static_integer(name, "max_total_size", max_total_size)
    if x.ndim != 4 or s.ndim != 3 or x.shape[2] not in {1, s.shape[2], None} or (
        x.shape[3] not in {4, None}
    ):  # fmt: skip
        raise InvalidArgumentError(
            f"{name}: expected boxes [batch, n, classes or 1, 4] and scores [batch, n, classes], "
            f"received {x._type} and {s._type}"
        )
    if each <= 0 or total <= 0:
        raise InvalidArgumentError(f"{name}: sizes must be positive, received {each} and {total}")
    if pad_per_class:
        total = min(total, each * static_integer(name, "the number of classes", s.shape[2] or 0))
    limits = single_numbers(name, 0, iou_threshold, score_threshold)[1:]
    params = {"each": each, "total": total, "clip": bool(clip_boxes)}
    return CombinedNonMaxSuppression(*combined_boxes_p.apply((x, s, *limits), params))
