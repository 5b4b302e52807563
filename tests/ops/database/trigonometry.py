"""Sines and cosines."""

from __future__ import annotations

import numpy as np

from database.record import Operation, case, error, normal

_SHAPES = [(), (0,), (3,), (2, 1, 5)]
OPERATIONS = [
    Operation(
        name="math.sin", reference=np.sin,
        cases=[case(normal(*s, dtype=d)) for s in _SHAPES for d in ("f4", "f8")],
        gradient=[case(normal(3, dtype="f8"))],
        errors=[error("TypeError", np.array([True]), message="sin: .*bool")],
    ),
]  # fmt: skip
