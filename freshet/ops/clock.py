"""The time of day as an operation."""

from __future__ import annotations

import time

import numpy as np

from freshet.core import dtypes
from freshet.core.shapes import TensorType
from freshet.core.tensor import Tensor
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive

timestamp_p: Primitive = Primitive(
    name="timestamp", infer=lambda: TensorType(dtypes.float64, ()),
    reference=lambda: np.float64(time.time()), gradient=NoGradient("time passes by itself"),
    lower=Host("it reads the clock"), effect=True,
)  # fmt: skip


def timestamp(name: str | None = None) -> Tensor:
    """Return the seconds since 1970 as float64; in a traced function, those when it runs.

    Args:
        name: Ignored.

    Example:
        >>> float(timestamp()) > 1.7e9
        True
    """
    del name
    return timestamp_p()
