"""Complex numbers and their parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import Operation, case, complexes, error, integers, normal

C128 = np.complex128
PARTS = [
    case(complexes(3)), case(complexes(2, 2, dtype=C128)), case(complexes()), case(complexes(0)),
    case(normal(3)), case(normal(2, dtype="f8")),
]  # fmt: skip
BOOLS = error("TypeError", np.array([True]), message="bool")
SMOOTH = [case(complexes(2, 2, dtype=C128, seed=1))]


def _joined(real: Any, imag: Any) -> Any:
    found = np.asarray(real) + 1j * np.asarray(imag)
    kinds = [a.dtype for a in (real, imag) if isinstance(a, np.ndarray)]
    return found.astype(np.complex128 if np.dtype("f8") in kinds else np.complex64)


def _angle(x: Any) -> Any:
    return np.angle(x).astype(x.real.dtype)


OPERATIONS = [
    Operation(
        name="complex", reference=_joined,
        cases=[case(normal(3), normal(3, seed=1)),
               case(normal(2, dtype="f8"), normal(2, dtype="f8")),
               case(1.0, 2.0), case(normal(0), normal(0)), case(normal(2, 2), normal(2, 2, seed=1)),
               case(normal(), normal(seed=1))],
        gradient=[case(normal(2, dtype="f8"), normal(2, dtype="f8", seed=1))],
        errors=[error("TypeError", integers(2), integers(2), message="float32 or float64"),
                error("TypeError", normal(2), normal(2, dtype="f8"), message="dtype")],
    ),
    Operation(name="math.real", reference=np.real, cases=[*PARTS, case(integers(3))],
              gradient=SMOOTH, errors=[BOOLS]),
    Operation(name="math.imag", reference=np.imag, cases=[*PARTS, case(integers(3))],
              gradient=SMOOTH),
    Operation(name="math.conj", reference=np.conj, cases=[*PARTS, case(integers(3))],
              gradient=SMOOTH, errors=[BOOLS]),
    Operation(name="math.angle", reference=_angle,
              cases=[*PARTS, case(np.complex64([1, -1, 1j, -1j, 0])),
                     case(np.float32([1.0, -1.0, 0.0]))],
              gradient=SMOOTH, errors=[error("TypeError", integers(2), message="angle")]),
]  # fmt: skip
