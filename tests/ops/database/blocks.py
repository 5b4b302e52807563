"""Blocks moved between space, batch and channels; reversed beginnings."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import Operation, case, error, integers, normal, strings

_X = normal(2, 4, 6, 3, dtype="f8")


def _space_to_batch(input: Any, block_shape: Any, paddings: Any) -> np.ndarray:
    count = len(block_shape)
    around = [(0, 0), *map(tuple, paddings), *[(0, 0)] * (input.ndim - count - 1)]
    x = np.pad(input, around)
    parts = []
    for offset in np.ndindex(*block_shape):
        steps = [slice(o, None, n) for o, n in zip(offset, block_shape, strict=True)]
        parts.append(x[(slice(None), *steps)])
    return np.concatenate(parts, 0)


def _batch_to_space(input: Any, block_shape: Any, crops: Any) -> np.ndarray:
    count = len(block_shape)
    batch = len(input) // int(np.prod(block_shape))
    outer = [s * n for s, n in zip(input.shape[1:], block_shape, strict=False)]
    result = np.zeros((batch, *outer, *input.shape[count + 1 :]), input.dtype)
    for number, offset in enumerate(np.ndindex(*block_shape)):
        steps = [slice(o, None, n) for o, n in zip(offset, block_shape, strict=True)]
        result[(slice(None), *steps)] = input[number * batch : (number + 1) * batch]
    cut = [slice(b, s - a) for (b, a), s in zip(crops, outer, strict=True)]
    return result[(slice(None), *cut)]


def _space_to_depth(input: Any, block_size: int, data_format: str = "NHWC") -> np.ndarray:
    parts = [
        input[:, i::block_size, j::block_size]
        for i in range(block_size) for j in range(block_size)
    ]  # fmt: skip
    return np.concatenate(parts, -1)


def _depth_to_space(input: Any, block_size: int, data_format: str = "NHWC") -> np.ndarray:
    batch, height, width, channels = input.shape
    depth = channels // block_size**2
    result = np.zeros((batch, height * block_size, width * block_size, depth), input.dtype)
    for number in range(block_size**2):
        i, j = divmod(number, block_size)
        part = input[..., number * depth : (number + 1) * depth]
        result[:, i::block_size, j::block_size] = part
    return result


def _required(
    input_shape: Any, block_shape: Any, base_paddings: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    shape, block = np.array(input_shape), np.array(block_shape)
    base = np.zeros((len(shape), 2), "i4") if base_paddings is None else np.array(base_paddings)
    extra = -(shape + base.sum(1)) % block
    crops = np.stack([np.zeros_like(extra), extra], 1).astype("i4")
    return (base + crops).astype("i4"), crops


def _reversed(
    input: Any, seq_lengths: Any, seq_axis: int | None = None, batch_axis: int | None = None
) -> np.ndarray:
    batch = batch_axis or 0
    result = np.array(input)
    for number, length in enumerate(seq_lengths):
        row = np.moveaxis(result, (batch, seq_axis or 0), (0, 1))[number]
        row[:length] = row[:length][::-1].copy()
    return result


_TO_BATCH = {
    "reference": _space_to_batch,
    "cases": [
        case(normal(1, 2, 2, 1), [2, 2], [[0, 0], [0, 0]]), case(normal(2, 4), [2], [[0, 0]]),
        case(normal(2, 3, 5, 2), [2, 3], [[1, 0], [0, 1]]), case(integers(1, 3, 2), [3], [[0, 0]]),
        case(normal(1, 4, 2), [1], [[0, 0]]),
    ],
    "gradient": [case(_X, [2, 3], [[2, 0], [0, 0]])],
    "errors": [
        error("InvalidArgumentError", [[1, 2, 3]], [2], [[0, 0]], message="not a multiple"),
        error("InvalidArgumentError", [[1, 2, 3, 4]], [2], [[-1, 1]], message="from 0 on"),
    ],
}  # fmt: skip

OPERATIONS = [
    Operation(name="space_to_batch", **_TO_BATCH),
    Operation(name="space_to_batch_nd", **_TO_BATCH),
    Operation(name="nn.space_to_batch", **_TO_BATCH),
    Operation(
        name="batch_to_space", reference=_batch_to_space,
        cases=[
            case(normal(4, 1, 1, 1), [2, 2], [[0, 0], [0, 0]]), case(normal(4, 2), [2], [[0, 1]]),
            case(normal(6, 2, 3, 2), [2, 3], [[1, 0], [2, 1]]), case(integers(3, 2), [1], [[0, 0]]),
        ],
        gradient=[case(normal(4, 2, 3, dtype="f8"), [2], [[1, 1]])],
        errors=[
            error("InvalidArgumentError", [[1], [2], [3]], [2], [[0, 1]], message="not a multiple"),
            error("InvalidArgumentError", [[1, 3], [2, 0]], [2], [[3, 2]], message="exceed"),
        ],
    ),
    Operation(
        name="required_space_to_batch_paddings", reference=_required,
        cases=[
            case([5, 5], [2, 3]), case([5, 5], [2, 3], [[1, 0], [0, 2]]), case([4], [2]),
        ],
    ),
    Operation(
        name="nn.space_to_depth", reference=_space_to_depth,
        cases=[
            case(normal(1, 2, 2, 1), 2), case(normal(2, 4, 6, 3), 2),
            case(normal(1, 3, 3, 2), 3),
        ],
        gradient=[case(_X, 2)],
        errors=[
            error("InvalidArgumentError", normal(1, 2, 3, 1), 2, message="must be multiples of 2"),
        ],
    ),
    Operation(
        name="nn.depth_to_space", reference=_depth_to_space,
        cases=[
            case(normal(1, 1, 1, 4), 2), case(normal(2, 2, 3, 8), 2),
            case(normal(1, 1, 2, 9), 3),
        ],
        gradient=[case(normal(1, 2, 3, 8, dtype="f8"), 2)],
        errors=[
            error("InvalidArgumentError", normal(1, 2, 2, 3), 2, message="a multiple of 4"),
        ],
    ),
    Operation(
        name="reverse_sequence", reference=_reversed,
        cases=[
            case(normal(2, 3), np.array([2, 3]), seq_axis=1),
            case(normal(2, 3, 2), np.array([0, 1], "i8"), seq_axis=1, batch_axis=0),
            case(normal(3, 2), np.array([3, 1]), seq_axis=0, batch_axis=1),
            case(normal(2, 2, 4), np.array([4, 2]), seq_axis=2, batch_axis=1),
            case(strings("a", "b").reshape(1, 2), np.array([2]), seq_axis=1),
            case(integers(2, 3), np.array([3, 2]), 1),
        ],
        gradient=[case(normal(2, 4, 2, dtype="f8"), np.array([3, 2]), seq_axis=1)],
        errors=[
            error("InvalidArgumentError", [[1, 2], [3, 4]], [2, 3], seq_axis=1, message="outside"),
            error("InvalidArgumentError", [[1, 2], [3, 4]], [2, 1], seq_axis=0, message="differ"),
            error("InvalidArgumentError", [[1, 2], [3, 4]], [2], seq_axis=1),
        ],
    ),
]  # fmt: skip
