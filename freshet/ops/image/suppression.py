"""Non-maximum suppression: of boxes that overlap much, only the one with the best score is kept.

Boxes are ``[y1, x1, y2, x2]``, any two opposite corners in any unit. How much two boxes overlap is
their intersection divided by their union.

Source of the soft variant: N. Bodla, B. Singh, R. Chellappa and L. S. Davis, "Soft-NMS: improving
object detection with one line of code" (2017).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.sizes import static_integer
from freshet.ops.slicing import getitem

_LESS = float("-inf")
_NONE = NoGradient("it chooses, which has steps")
_HOST = Host("which boxes are kept is data")
Overlap = Callable[[int, list[int]], Array]
"""``(box, others) -> how much it overlaps with each of them``."""


def overlap_of(boxes: Array) -> Overlap:
    """Return the function that says how much float[n, 4] boxes overlap."""
    wide = boxes.astype(np.float32)
    low = np.minimum(wide[:, :2], wide[:, 2:])
    high = np.maximum(wide[:, :2], wide[:, 2:])
    area = np.prod(high - low, axis=1)

    def overlap(box: int, others: list[int]) -> Array:
        sides = np.minimum(high[box], high[others]) - np.maximum(low[box], low[others])
        shared = np.prod(np.maximum(sides, 0), axis=1)
        union = area[box] + area[others] - shared
        usable = (area[others] > 0) & (area[box] > 0)
        return np.where(usable, shared / np.where(usable, union, 1), 0)

    return overlap


def chosen(
    overlap: Overlap, scores: Array, most: int, limit: float, least: float, sigma: float = 0.0
) -> tuple[list[int], list[float]]:
    """Return the boxes that are kept, best first, and their scores.

    A box is looked at when its score is the best one left. What it overlaps with among the boxes
    kept since it was last looked at drops it, or, with `sigma`, lowers its score.
    """
    queue = [(-float(s), i, 0) for i, s in enumerate(scores) if s > least]
    heapq.heapify(queue)
    kept: list[int] = []
    values: list[float] = []
    while queue and len(kept) < most:
        negative, box, seen = heapq.heappop(queue)
        shared = overlap(box, kept[seen:][::-1]) if seen < len(kept) else np.zeros(0)
        score = np.float32(-negative)
        if sigma <= 0:
            if np.any(shared > limit):
                continue
        else:
            for part in shared.tolist():
                score = np.float32(score * np.float32(math.exp(-0.5 * part * part / sigma)))
                if score <= least:
                    break
        if score == np.float32(-negative):
            kept.append(box)
            values.append(-negative)
        elif score > least:
            heapq.heappush(queue, (-float(score), box, len(kept)))
    return kept, values


# --- checks ---------------------------------------------------------------------------------------


class _Limits(NamedTuple):
    """The numbers that decide."""

    most: int
    limit: float
    least: float
    sigma: float


def _numbers(most: Array, limit: Array, least: Array, sigma: Array) -> _Limits:
    found = _Limits(int(most), float(limit), float(least), float(sigma))
    if found.most < 0 or not 0 <= found.limit <= 1 or found.sigma < 0:
        raise InvalidArgumentError(
            "non_max_suppression: max_output_size must be 0 or more, iou_threshold in [0, 1] and "
            f"soft_nms_sigma 0 or more; received {found.most}, {found.limit} and {found.sigma}"
        )
    return found


def _check_boxes(boxes: TensorType, scores: TensorType) -> None:
    fits = boxes.rank == scores.rank + 1 and boxes.rank >= 2 and boxes.shape[-1] in {4, None}
    if not fits or any(
        p != q and None not in {p, q} for p, q in zip(boxes.shape[:-1], scores.shape, strict=True)
    ):
        raise InvalidArgumentError(
            f"non_max_suppression: expected boxes [n, 4] and scores [n], received {boxes} and "
            f"{scores}"
        )


def single_numbers(name: str, most: Any, *floats: Any) -> list[Tensor]:
    """Return the size as int32 and thresholds as float32 scalars."""
    numbers = [m.cast(convert_to_tensor(most), dtypes.int32)]
    numbers += [m.cast(convert_to_tensor(f), dtypes.float32) for f in floats]
    for number in numbers:
        if number.ndim:
            raise InvalidArgumentError(f"{name}: expected single numbers, received {number._type}")
    return numbers


# --- one image ------------------------------------------------------------------------------------


def _kept_infer(boxes: TensorType, scores: TensorType, *numbers: TensorType) -> Any:
    _check_boxes(boxes, scores)
    if boxes.rank != 2:
        raise InvalidArgumentError(f"non_max_suppression: expected boxes [n, 4], received {boxes}")
    return TensorType(dtypes.int32, (None,)), TensorType(scores.dtype, (None,))


def _kept_reference(boxes: Array, scores: Array, *numbers: Array) -> tuple[Array, Array]:
    n = _numbers(*numbers)
    kept, values = chosen(overlap_of(boxes), scores, n.most, n.limit, n.least, n.sigma)
    return np.array(kept, np.int32), np.array(values, scores.dtype)


kept_boxes_p: Primitive = Primitive(
    name="kept_boxes", infer=_kept_infer, reference=_kept_reference, gradient=_NONE, lower=_HOST
)


def _overlaps_infer(overlaps: TensorType, scores: TensorType, *numbers: TensorType) -> TensorType:
    square = overlaps.rank == 2 and scores.rank == 1
    if not square or len({*overlaps.shape, *scores.shape} - {None}) > 1:
        raise InvalidArgumentError(
            "non_max_suppression_overlaps: expected overlaps [n, n] and scores [n], received "
            f"{overlaps} and {scores}"
        )
    return TensorType(dtypes.int32, (None,))


def _overlaps_reference(overlaps: Array, scores: Array, *numbers: Array) -> Array:
    most, limit, least = int(numbers[0]), float(numbers[1]), float(numbers[2])
    if most < 0:
        raise InvalidArgumentError(
            f"non_max_suppression_overlaps: max_output_size must be 0 or more, received {most}"
        )

    def overlap(box: int, others: list[int]) -> Array:
        return np.asarray(overlaps[box, others])

    return np.array(chosen(overlap, scores, most, limit, least)[0], np.int32)


kept_overlaps_p: Primitive = Primitive(
    name="kept_overlaps", infer=_overlaps_infer, reference=_overlaps_reference, gradient=_NONE,
    lower=_HOST,
)  # fmt: skip


def non_max_suppression(
    boxes: TensorLike, scores: TensorLike, max_output_size: Any, iou_threshold: Any = 0.5,
    score_threshold: Any = _LESS, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return which boxes to keep: the best ones, none overlapping much with a better one.

    Args:
        boxes: float[n, 4]: two opposite corners each, ``[y1, x1, y2, x2]``.
        scores: float[n].
        max_output_size: How many boxes are kept at most.
        iou_threshold: Boxes that overlap more with a kept one are dropped; in [0, 1].
        score_threshold: Boxes with a score that is not above are dropped.
        name: Ignored.

    Returns:
        int32[kept]: numbers of boxes, the best first.

    Raises:
        InvalidArgumentError: An argument has another form or is outside its range.

    Example:
        >>> boxes = [[0.0, 0.0, 1.0, 1.0], [0.0, 0.1, 1.0, 1.1], [0.0, 2.0, 1.0, 3.0]]
        >>> non_max_suppression(boxes, [0.5, 0.9, 0.1], 3).numpy().tolist()
        [1, 2]
    """
    return non_max_suppression_with_scores(
        boxes, scores, max_output_size, iou_threshold, score_threshold
    )[0]


def non_max_suppression_with_scores(
    boxes: TensorLike, scores: TensorLike, max_output_size: Any, iou_threshold: Any = 0.5,
    score_threshold: Any = _LESS, soft_nms_sigma: Any = 0.0, name: str | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return which boxes to keep, and their scores; softly, if `soft_nms_sigma` is above 0.

    Then nothing is dropped: an overlap u with a better box multiplies a box's score by
    ``exp(-u**2 / (2 * soft_nms_sigma))``.

    Args:
        boxes: As for `non_max_suppression`, as are the following.
        scores: float[n].
        max_output_size: How many boxes are kept at most.
        iou_threshold: Of the hard variant.
        score_threshold: Boxes with a score that is not above are dropped.
        soft_nms_sigma: How soft; 0 for the hard variant.
        name: Ignored.

    Returns:
        int32[kept], and their scores, float[kept].

    Raises:
        InvalidArgumentError: An argument has another form or is outside its range.
    """
    name = "image.non_max_suppression"
    x, s = convert_to_tensor(boxes), convert_to_tensor(scores)
    numbers = single_numbers(name, max_output_size, iou_threshold, score_threshold, soft_nms_sigma)
    kept, values = kept_boxes_p.apply((x, s, *numbers), {})
    return kept, values


def non_max_suppression_overlaps(
    overlaps: TensorLike, scores: TensorLike, max_output_size: Any, overlap_threshold: Any = 0.5,
    score_threshold: Any = _LESS, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return which boxes to keep, by a matrix of how much each two overlap.

    Args:
        overlaps: float[n, n].
        scores: float[n].
        max_output_size: How many boxes are kept at most.
        overlap_threshold: Boxes that overlap more with a kept one are dropped.
        score_threshold: Boxes with a score that is not above are dropped.
        name: Ignored.

    Returns:
        int32[kept]: numbers of boxes, the best first.

    Raises:
        InvalidArgumentError: The shapes do not fit.

    Example:
        >>> non_max_suppression_overlaps([[1.0, 0.9], [0.9, 1.0]], [0.1, 0.2], 2).numpy().tolist()
        [1]
    """
    x, s = convert_to_tensor(overlaps), convert_to_tensor(scores)
    name = "image.non_max_suppression_overlaps"
    return kept_overlaps_p(
        x, s, *single_numbers(name, max_output_size, overlap_threshold, score_threshold)
    )


# --- batches --------------------------------------------------------------------------------------


def _padded_infer(
    boxes: TensorType, scores: TensorType, *numbers: TensorType, most: Dim
) -> tuple[TensorType, TensorType]:
    _check_boxes(boxes, scores)
    batch = scores.shape[:-1]
    return TensorType(dtypes.int32, (*batch, most)), TensorType(dtypes.int32, batch)


def _padded_reference(
    boxes: Array, scores: Array, *numbers: Array, most: Dim
) -> tuple[Array, Array]:
    n = _numbers(*numbers)
    batch = scores.shape[:-1]
    rows, counts = [], []
    for own, values in zip(
        boxes.reshape(-1, *boxes.shape[-2:]), scores.reshape(-1, scores.shape[-1]), strict=True
    ):
        kept, _ = chosen(overlap_of(own), values, n.most, n.limit, n.least)
        rows.append(np.pad(np.array(kept, np.int32), (0, n.most - len(kept))))
        counts.append(len(kept))
    return np.reshape(rows, (*batch, n.most)), np.reshape(counts, batch)


padded_boxes_p: Primitive = Primitive(
    name="padded_boxes", infer=_padded_infer, reference=_padded_reference, gradient=_NONE,
    lower=_HOST,
)  # fmt: skip


def non_max_suppression_padded(
    boxes: TensorLike, scores: TensorLike, max_output_size: Any, iou_threshold: Any = 0.5,
    score_threshold: Any = _LESS, pad_to_max_output_size: bool = False, name: str | None = None,
    sorted_input: bool = False, canonicalized_coordinates: bool = False, tile_size: int = 512,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return which boxes to keep, in a tensor of a size that is known before, and how many.

    Args:
        boxes: float[..., n, 4]: two opposite corners each.
        scores: float[..., n].
        max_output_size: How many boxes are kept at most, for each image.
        iou_threshold: Boxes that overlap more with a kept one are dropped.
        score_threshold: Boxes with a score that is not above are dropped.
        pad_to_max_output_size: Whether the first result is filled up with zeros; batches need it.
        name: Ignored.
        sorted_input: Accepted, without effect: whether the scores are in descending order.
        canonicalized_coordinates: Accepted, without effect: whether the first corner of each box is
            the upper left one.
        tile_size: Accepted, without effect.

    Returns:
        int32[..., max_output_size]: numbers of boxes, the best first, and int32[...]: how many of
        them count.

    Raises:
        InvalidArgumentError: An argument has another form, or a batch is not padded.
    """
    name = "image.non_max_suppression_padded"
    x, s = convert_to_tensor(boxes), convert_to_tensor(scores)
    if not pad_to_max_output_size and x.ndim > 2:
        raise InvalidArgumentError(f"{name}: a batch, {x._type}, needs pad_to_max_output_size=True")
    most = static_integer(name, "max_output_size", max_output_size)
    numbers = single_numbers(name, most, iou_threshold, score_threshold, 0.0)
    kept, count = padded_boxes_p.apply((x, s, *numbers), {"most": most})
    return kept if pad_to_max_output_size else getitem(kept, slice(0, count)), count
