"""Clipping to a norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import Operation, case, error, integers, normal


def _by_norm(t: Any, clip_norm: Any, axes: Any = None) -> Any:
    along = None if axes is None else tuple(np.reshape(axes, -1).tolist())
    size = np.sqrt(np.sum(np.abs(t) ** 2, axis=along, keepdims=True))
    return (t * clip_norm / np.maximum(size, clip_norm)).astype(t.dtype)


def _by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None) -> Any:
    parts = [t for t in t_list if t is not None]
    size = np.sqrt(sum(np.sum(t.astype("f8") ** 2) for t in parts))
    size = size if use_norm is None else use_norm
    scale = clip_norm / np.maximum(size, clip_norm) if np.isfinite(size) else np.nan
    kind = parts[0].dtype
    return [None if t is None else (t * scale).astype(kind) for t in t_list], kind.type(size)


OPERATIONS = [
    Operation(
        name="clip_by_norm", reference=_by_norm,
        cases=[case(np.float32([3, 4]), 1.0), case(normal(2, 3), 10.0),
               case(normal(2, 3), 0.5, [1]),
               case(np.float32([0, 0]), 1.0), case(normal(2, 3, dtype="f8"), 0.5, axes=0),
               case(normal(), 0.1), case(normal(0), 1.0)],
        gradient=[case(normal(2, 3, dtype="f8"), 0.5), case(normal(2, 3, dtype="f8"), 9.0)],
        errors=[error("InvalidArgumentError", integers(2), 1, message="clip_by_norm")],
    ),
    Operation(
        name="clip_by_global_norm", reference=_by_global_norm,
        cases=[case([np.float32([3, 4]), np.float32([12])], 6.5), case([normal(3)], 100.0),
               case([normal(2), None, normal(2, 2)], 0.5), case([np.float32([np.inf, 1])], 1.0),
               case([normal(3)], 1.0, use_norm=np.float32(4.0)),
               case([normal(2, dtype="f8")], 0.1)],
        gradient=[case([normal(2, dtype="f8"), normal(3, dtype="f8")], 0.5)],
        errors=[error("TypeError", normal(3), 1.0, message="list")],
    ),
]  # fmt: skip
