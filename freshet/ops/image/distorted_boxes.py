"""Random parts of an image that still show enough of what is in its boxes.

Source of the method: C. Szegedy et al., "Going deeper with convolutions" (2014), section 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.random import _key, _stateless_key

Range = tuple[float, float]


def _infer(
    key: TensorType, size: TensorType, boxes: TensorType, covered: TensorType, **params: Any
) -> tuple[TensorType, ...]:
    if size.rank != 1 or size.shape[0] not in {3, None} or not size.dtype.is_integer:
        raise InvalidArgumentError(
            "sample_distorted_bounding_box: image_size must be three integers, height, width and "
            f"channels, received {size}"
        )
    if boxes.rank != 3 or boxes.shape[-1] not in {4, None}:
        raise InvalidArgumentError(
            f"sample_distorted_bounding_box: bounding_boxes must be [batch, n, 4], received {boxes}"
        )
    vector = TensorType(size.dtype, (3,))
    return vector, vector, TensorType(dtypes.float32, (1, 1, 4))


def _reference(
    key: Array, size: Array, boxes: Array, covered: Array, ratios: Range, areas: Range,
    attempts: int, whole: bool,
) -> tuple[Array, ...]:  # fmt: skip
    height, width = (int(n) for n in size[:2])
    if height <= 0 or width <= 0:
        raise InvalidArgumentError(
            f"sample_distorted_bounding_box: the image size {size.tolist()} must be positive"
        )
    own = boxes.reshape(-1, 4).astype(np.float64)
    _check_boxes(own, whole)
    least = float(covered)
    if not 0 <= least <= 1:
        raise InvalidArgumentError(
            f"sample_distorted_bounding_box: min_object_covered must be in [0, 1], received {least}"
        )
    if not len(own):
        own, least = np.array([[0.0, 0.0, 1.0, 1.0]]), 0.0
    pixels = own * [height, width, height, width]
    rng = np.random.Generator(np.random.Philox(key=key.astype(np.uint64)))
    top, left, rows, columns = 0, 0, height, width
    for _ in range(attempts):
        part = _part(rng, height, width, ratios, areas)
        if part is not None and _shows(part, pixels, least):
            top, left, rows, columns = part
            break
    edges = [top / height, left / width, (top + rows) / height, (left + columns) / width]
    begin, extent = np.array([top, left, 0]), np.array([rows, columns, -1])
    return begin, extent, np.array(edges, np.float32).reshape(1, 1, 4)


def _check_boxes(boxes: Array, whole: bool) -> None:
    if not len(boxes) and not whole:
        raise InvalidArgumentError(
            "sample_distorted_bounding_box: there are no bounding boxes; to take the image as one, "
            "give use_image_if_no_bounding_boxes=True"
        )
    wrong = boxes[~((boxes >= 0) & (boxes <= 1))]
    if wrong.size:
        raise InvalidArgumentError(
            "sample_distorted_bounding_box: coordinates of boxes must be in [0, 1], received "
            f"{wrong[0]}"
        )


def _part(
    rng: np.random.Generator, height: int, width: int, ratios: Range, areas: Range
) -> tuple[int, int, int, int] | None:
    """Return the part of an attempt: top, left, height and width; None if none fits."""
    ratio = rng.uniform(*ratios)
    least, most = (a * height * width for a in areas)
    # Of all heights with that ratio, those within the image and with an area in the range.
    low, high = np.sqrt(least / ratio), np.sqrt(most / ratio)
    high = min(high, height, width / ratio)
    if low > high:
        return None
    rows = round(rng.uniform(low, high))
    columns = round(rows * ratio)
    fits = 0 < rows <= height and 0 < columns <= width
    if not fits or not least <= rows * columns <= most:
        return None
    top = int(rng.integers(height - rows + 1))
    return top, int(rng.integers(width - columns + 1)), rows, columns


def _shows(part: tuple[int, int, int, int], boxes: Array, least: float) -> bool:
    """Return whether a part covers enough of one of the boxes."""
    top, left, rows, columns = part
    low = np.maximum(boxes[:, :2], [top, left])
    high = np.minimum(boxes[:, 2:], [top + rows, left + columns])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    usable = areas > 0
    return least <= 0 or bool(np.any(shared[usable] >= least * areas[usable]))


distorted_box_p: Primitive = Primitive(
    name="distorted_box", infer=_infer, reference=_reference,
    gradient=NoGradient("it is random"), lower=Host("it tries until something fits"),
)  # fmt: skip


def _range(name: str, argument: str, value: Any, default: Range, most: float) -> Range:
    low, high = default if value is None else (float(v) for v in value)
    if not 0 < low <= high <= most:
        raise InvalidArgumentError(
            f"image.{name}: {argument} must be two numbers in (0, {most}], the smaller one first; "
            f"received {value}"
        )
    return low, high


def _sampled(
    name: str, key: Tensor, image_size: Any, boxes: TensorLike, covered: Any, ratios: Any,
    areas: Any, attempts: int | None, whole: bool | None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    operands = (
        key, convert_to_tensor(image_size),
        convert_to_tensor(boxes, dtype_hint=dtypes.float32),
        m.cast(convert_to_tensor(covered), dtypes.float32),
    )  # fmt: skip
    tries = 100 if attempts is None else int(attempts)
    if tries <= 0:
        raise InvalidArgumentError(f"image.{name}: max_attempts must be positive, not {attempts}")
    params = {
        "ratios": _range(name, "aspect_ratio_range", ratios, (0.75, 1.33), float("inf")),
        "areas": _range(name, "area_range", areas, (0.05, 1.0), 1.0),
        "attempts": tries,
        "whole": bool(whole),
    }
    begin, size, box = distorted_box_p.apply(operands, params)
    return begin, size, box


def sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: TensorLike, seed: int = 0, min_object_covered: Any = 0.1,
    aspect_ratio_range: Sequence[float] | None = None, area_range: Sequence[float] | None = None,
    max_attempts: int | None = None, use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Return a random part of an image that shows enough of one of its boxes.

    Args:
        image_size: Height, width and channels of the image.
        bounding_boxes: float32[batch, n, 4]: top, left, bottom, right, from 0 to 1.
        seed: Of this operation, beside the global one; 0 for none.
        min_object_covered: How much of one box has to be within the part, from 0 to 1.
        aspect_ratio_range: Bounds of the part's width divided by its height; (0.75, 1.33) by
            default.
        area_range: Bounds of the part's area, as a part of the image's; (0.05, 1) by default.
        max_attempts: How often another part is tried, 100 by default. Then, it is the whole image.
        use_image_if_no_bounding_boxes: Whether, without any box, every part will do; otherwise that
            is an error.
        name: Ignored.

    Returns:
        begin and size, integers[3], for `ft.slice`; and the part as a box, float32[1, 1, 4].

    Raises:
        InvalidArgumentError: An argument has another form or is outside its range.

    Example:
        >>> box = [[[0.2, 0.2, 0.8, 0.8]]]
        >>> begin, size, _ = sample_distorted_bounding_box([20, 30, 3], box)
        >>> int(begin[2]), int(size[2])
        (0, -1)
    """
    return _sampled(
        "sample_distorted_bounding_box", _key(seed or None), image_size, bounding_boxes,
        min_object_covered, aspect_ratio_range, area_range, max_attempts,
        use_image_if_no_bounding_boxes,
    )  # fmt: skip


def stateless_sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: TensorLike, seed: TensorLike, min_object_covered: Any = 0.1,
    aspect_ratio_range: Sequence[float] | None = None, area_range: Sequence[float] | None = None,
    max_attempts: int | None = None, use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Return the part of a seed, two integers, as `sample_distorted_bounding_box` does."""
    return _sampled(
        "stateless_sample_distorted_bounding_box", _stateless_key(seed), image_size,
        bounding_boxes, min_object_covered, aspect_ratio_range, area_range, max_attempts,
        use_image_if_no_bounding_boxes,
    )  # fmt: skip
