"""Parts of matrices: diagonals, bands, traces and transposes."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import Operation, case, complexes, error, integers, normal

F8 = np.float64


def _transpose(x: np.ndarray, conjugate: bool = False) -> np.ndarray:
    turned = np.swapaxes(x, -1, -2)
    return np.conj(turned) if conjugate else turned


def _band_part(x: np.ndarray, lower: int, upper: int) -> np.ndarray:
    kept = x if lower < 0 else np.triu(x, -lower)
    return kept if upper < 0 else np.tril(kept, upper)


def _band(k: Any) -> tuple[int, int]:
    return (k, k) if isinstance(k, int) else (k[0], k[-1])


def _left(d: int, align: str) -> bool:
    above, below = align.split("_")
    return (d >= 0 and above == "LEFT") or (d <= 0 and below == "LEFT")


def _diag_part(
    x: np.ndarray, k: Any = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT"
) -> np.ndarray:
    low, high = _band(k)
    parts = [np.diagonal(x, d, -2, -1) for d in range(high, low - 1, -1)]
    longest = max(p.shape[-1] for p in parts)
    rows = []
    for d, part in zip(range(high, low - 1, -1), parts, strict=True):
        missing = longest - part.shape[-1]
        pad = (0, missing) if _left(d, align) else (missing, 0)
        rows.append(np.pad(part, [(0, 0)] * (part.ndim - 1) + [pad], constant_values=padding_value))
    return rows[0] if low == high else np.stack(rows, axis=-2)


def _set_diag(x: np.ndarray, packed: np.ndarray, k: Any = 0, align: str = "RIGHT_LEFT") -> Any:
    low, high = _band(k)
    result = x.copy()
    rows, columns = x.shape[-2:]
    for number, d in enumerate(range(high, low - 1, -1)):
        count = len(np.diagonal(np.zeros((rows, columns)), d))
        band = packed if low == high else packed[..., number, :]
        start = 0 if _left(d, align) else band.shape[-1] - count
        for n in range(count):
            result[..., n + max(-d, 0), n + max(d, 0)] = band[..., start + n]
    return result


def _diag(
    x: np.ndarray, k: Any = 0, num_rows: int = -1, num_cols: int = -1, padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> np.ndarray:  # fmt: skip
    low, high = _band(k)
    rows, columns = x.shape[-1] - min(high, 0), x.shape[-1] + max(low, 0)
    if num_rows == num_cols == -1:
        rows = columns = max(rows, columns)
    rows, columns = max(rows, num_rows), max(columns, num_cols)
    lead = x.shape[:-1] if low == high else x.shape[:-2]
    base = np.full((*lead, rows, columns), padding_value, x.dtype)
    return _set_diag(base, x, k, align)


def _tensor_diag(x: np.ndarray) -> np.ndarray:
    return np.diag(x.reshape(-1)).reshape(x.shape * 2)


def _tensor_diag_part(x: np.ndarray) -> np.ndarray:
    half = x.shape[: x.ndim // 2]
    count = int(np.prod(half))
    return np.diagonal(x.reshape(count, count)).reshape(half)


OPERATIONS = [
    Operation(
        name="linalg.matrix_transpose", reference=_transpose,
        cases=[
            case(normal(2, 3)), case(integers(2, 1, 3)), case(normal(0, 2, dtype=F8)),
            case(complexes(2, 3)), case(complexes(2, 3), conjugate=True),
        ],
        gradient=[case(normal(2, 3, dtype=F8))],
        errors=[error("ValueError", normal(3), message="matrix_transpose: .*f32")],
    ),
    Operation(
        name="linalg.adjoint", reference=lambda x: _transpose(x, True),
        cases=[case(normal(2, 3)), case(complexes(2, 2, 3)), case(integers(3, 1))],
        gradient=[case(normal(2, 3, dtype=F8)), case(complexes(2, 2, dtype=np.complex128))],
        errors=[error("ValueError", normal(3), message="adjoint: .*f32")],
    ),
    Operation(
        name="linalg.band_part", reference=_band_part,
        cases=[
            case(normal(4, 5), 1, 1), case(normal(2, 5, 3, dtype=F8), -1, 0),
            case(integers(4, 4), 0, -1), case(normal(3, 3), -1, -1), case(complexes(3, 4), 0, 0),
            case(normal(0, 3), 0, 0), case(normal(3, 4), np.int64(2), np.int64(1)),
        ],
        gradient=[case(normal(3, 4, dtype=F8), 1, 0)],
        errors=[
            error("InvalidArgumentError", normal(3, 3), 5, 0, message="band_part: .*at most 3"),
            error("InvalidArgumentError", normal(3), 0, 0, message="band_part: .*matrix"),
        ],
    ),
    Operation(
        name="linalg.diag", reference=_diag,
        cases=[
            case(normal(3)), case(integers(2, 3), k=1), case(normal(3, dtype=F8), k=-2),
            case(integers(2, 3), k=(-1, 0)), case(integers(3, 3), k=(-1, 1), align="LEFT_RIGHT"),
            case(integers(2, 3), k=(0, 1), padding_value=9, align="RIGHT_RIGHT"),
            case(integers(2), num_rows=3), case(integers(2), num_rows=3, num_cols=2),
            case(integers(4), k=1, num_cols=5), case(complexes(2)), case(normal(0)),
        ],
        gradient=[case(normal(3, dtype=F8)), case(normal(2, 3, dtype=F8), k=(-1, 0))],
        errors=[
            error(
                "InvalidArgumentError", integers(2), num_rows=3, num_cols=4,
                message="diag: .*num_rows",
            ),
            error("InvalidArgumentError", integers(2, 3), k=(1, 0), message="diag: k"),
            error("InvalidArgumentError", integers(2), align="LEFT", message="align"),
        ],
    ),
    Operation(
        name="linalg.diag_part", reference=_diag_part,
        cases=[
            case(normal(3, 4)), case(integers(2, 4, 3), k=-1), case(normal(3, 4, dtype=F8), k=3),
            case(integers(3, 4), k=(-1, 2), padding_value=9),
            case(integers(3, 4), k=(-1, 2), align="LEFT_RIGHT"),
            case(integers(4, 3), k=(-2, 1), align="LEFT_LEFT"),
            case(integers(2, 3, 3), k=(-1, 1), align="RIGHT_RIGHT"),
            case(complexes(3, 3), k=(0, 1)),
        ],
        gradient=[case(normal(3, 4, dtype=F8)), case(normal(3, 3, dtype=F8), k=(-1, 1))],
        errors=[
            error("InvalidArgumentError", integers(3, 4), k=4, message="no diagonal 4"),
            error("InvalidArgumentError", integers(3, 4), k=(2, 1), message="diag_part: k"),
            error("InvalidArgumentError", integers(3), message="diag_part: .*matrix"),
            error("InvalidArgumentError", integers(3, 3), align="X", message="align"),
        ],
    ),
    Operation(
        name="linalg.set_diag", reference=_set_diag,
        cases=[
            case(normal(3, 4), normal(3)), case(integers(2, 3, 4), integers(2, 2), k=2),
            case(integers(3, 4), integers(3, 3), k=(-1, 1)),
            case(integers(4, 3), integers(2, 3), k=(-1, 0), align="LEFT_RIGHT"),
            case(complexes(2, 2), complexes(2)),
        ],
        gradient=[
            case(normal(3, 3, dtype=F8), normal(3, dtype=F8)),
            case(normal(3, 4, dtype=F8), normal(2, 3, dtype=F8), k=(-1, 0)),
        ],
        errors=[
            error(
                "InvalidArgumentError", integers(3, 4), integers(2), message="set_diag: .*i32.3."
            ),
            error("InvalidArgumentError", integers(4), integers(4), message="set_diag: "),
        ],
    ),
    Operation(
        name="linalg.trace", reference=lambda x: np.trace(x, axis1=-2, axis2=-1).astype(x.dtype),
        cases=[
            case(normal(3, 4)), case(integers(2, 3, 3)), case(normal(2, 2, dtype=F8)),
            case(complexes(3, 2)),
        ],
        gradient=[case(normal(2, 3, 3, dtype=F8))],
        errors=[error("InvalidArgumentError", normal(3), message="trace: .*matrix")],
    ),
    Operation(
        name="linalg.tensor_diag", reference=_tensor_diag,
        cases=[
            case(normal(3)), case(integers(2, 3)), case(normal(1, 2, 1, dtype=F8)),
            case(complexes(2)),
        ],
        gradient=[case(normal(2, 2, dtype=F8))],
        errors=[error("InvalidArgumentError", normal(), message="tensor_diag: .*rank 1")],
    ),
    Operation(
        name="linalg.tensor_diag_part", reference=_tensor_diag_part,
        cases=[case(normal(3, 3)), case(integers(2, 3, 2, 3)), case(normal(1, 1, dtype=F8))],
        gradient=[case(normal(2, 2, 2, 2, dtype=F8))],
        errors=[
            error("InvalidArgumentError", integers(2, 3), message="tensor_diag_part: .*halves"),
            error("InvalidArgumentError", integers(2, 2, 2), message="tensor_diag_part: .*even"),
        ],
    ),
]  # fmt: skip
