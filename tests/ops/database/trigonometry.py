"""Sines, cosines, tangents and their kin."""

from __future__ import annotations

import numpy as np

from database.families import of_one, of_two
from database.record import Operation, case, complexes, error, normal, uniform

_SHAPES = [(), (0,), (3,), (2, 1, 5)]
_AWAY = complexes(3, dtype=np.complex128, seed=4) + (3 + 3j)
_TURNS = np.float32([0.0, -0.0, 1.0, -1.0, 2.5, np.inf, -np.inf])
OPERATIONS = [
    Operation(
        name="math.sin", reference=np.sin,
        cases=[*(case(normal(*s, dtype=d)) for s in _SHAPES for d in ("f4", "f8")),
               case(complexes(2, 3)), case(np.float32([1e4, -3e5, np.inf, np.nan]))],
        gradient=[case(normal(3, dtype="f8")), case(complexes(3, dtype=np.complex128))],
        errors=[error("InvalidArgumentError", np.array([True]), message="sin: .*bool")],
    ),
    of_one("math.cos", np.cos, complex_too=True, extremes=False,
           more=[case(np.float32([1e4, -3e5, np.inf, np.nan]))]),
    of_one("math.tan", np.tan, low=-1.4, high=1.4, complex_too=True, extremes=False),
    of_one("math.asin", np.arcsin, low=-0.9, high=0.9, complex_too=True),
    of_one("math.acos", np.arccos, low=-0.9, high=0.9, complex_too=True),
    of_one("math.atan", np.arctan, complex_too=True),
    of_one("math.sinh", np.sinh, complex_too=True, more=[case(np.float32([-20.5, 89.0, 100.0]))]),
    of_one("math.cosh", np.cosh, complex_too=True, more=[case(np.float32([-20.5, 89.0, 100.0]))]),
    of_one("math.tanh", np.tanh, complex_too=True),
    of_one("math.asinh", np.arcsinh, complex_too=True),
    of_one("math.acosh", np.arccosh, low=1.1, high=9.0, complex_too=True,
           smooth=[case(uniform(3, low=1.2, high=3.0, dtype="f8")), case(_AWAY)]),
    of_one("math.atanh", np.arctanh, low=-0.9, high=0.9, complex_too=True),
    of_two(
        "math.atan2", np.arctan2,
        [
            case(normal(), normal()), case(np.float32([]), np.float32([])),
            case(normal(4, 1), normal(3)), case(normal(5, dtype="f8"), normal(5, dtype="f8")),
            case(normal(5, dtype="f2"), normal(5, dtype="f2")),
            case(_TURNS[:, None], _TURNS[None]), case(np.float32([np.nan, 1]), np.float32(1)),
        ],
        gradient=[case(normal(3, 1, dtype="f8"), normal(2, dtype="f8"))],
    ),
]  # fmt: skip
