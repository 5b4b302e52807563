"""The complex Schur decomposition in NumPy, on which functions of matrices are computed.

``A = Q @ T @ adjoint(Q)`` with Q unitary and T upper triangular, by QR steps with shifts on the
Hessenberg form (Golub and Van Loan, Matrix Computations, 4th ed., chapter 7).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Array

_STEPS: Final = 40
"""QR steps allowed for each eigenvalue; two or three are usual."""


def schur(a: Array) -> tuple[Array, Array]:
    """Return ``(T, Q)`` of one complex128 matrix.

    Raises:
        InvalidArgumentError: The steps do not converge, as with NaN in the matrix.
    """
    t, q = _hessenberg(a)
    high, steps = len(t) - 1, 0
    eps = np.finfo(np.float64).eps
    while high > 0:
        below = np.abs(np.diagonal(t, -1))[:high]
        beside = np.abs(np.diagonal(t))[: high + 1]
        small = below <= eps * np.maximum(beside[:-1] + beside[1:], np.finfo(np.float64).tiny)
        t[np.flatnonzero(small) + 1, np.flatnonzero(small)] = 0
        if small[high - 1]:
            high, steps = high - 1, 0
            continue
        low = int(np.flatnonzero(small)[-1]) + 1 if small.any() else 0
        steps += 1
        if steps > _STEPS or not np.isfinite(below[high - 1]):
            raise InvalidArgumentError(
                f"schur: the eigenvalues of a matrix of {len(t)} rows cannot be found; does it "
                "hold NaN or infinity?"
            )
        _step(t, q, low, high, _shift(t, high, exceptional=steps % 10 == 0))
    return np.triu(t), q


def _hessenberg(a: Array) -> tuple[Array, Array]:
    """Return an equivalent matrix that is 0 below its first subdiagonal, by reflections."""
    h = a.astype(np.complex128)
    n = len(h)
    q = np.eye(n, dtype=np.complex128)
    for k in range(n - 2):
        v = h[k + 1 :, k].copy()
        size = np.linalg.norm(v)
        if not size:
            continue
        v[0] += size * (v[0] / abs(v[0]) if v[0] else 1)
        v /= np.linalg.norm(v)
        h[k + 1 :] -= 2 * np.outer(v, v.conj() @ h[k + 1 :])
        h[:, k + 1 :] -= 2 * np.outer(h[:, k + 1 :] @ v, v.conj())
        q[:, k + 1 :] -= 2 * np.outer(q[:, k + 1 :] @ v, v.conj())
        h[k + 2 :, k] = 0
    return h, q


def _shift(t: Array, high: int, *, exceptional: bool) -> complex:
    """Return the eigenvalue of the last 2x2 block that is nearest to its last element."""
    (a, b), (c, d) = t[high - 1 : high + 1, high - 1 : high + 1]
    if exceptional:
        return complex(abs(c) + abs(d))
    half = (a - d) / 2
    root = np.sqrt(half * half + b * c + 0j)
    first, second = (a + d) / 2 + root, (a + d) / 2 - root
    return complex(first if abs(first - d) < abs(second - d) else second)


def _step(t: Array, q: Array, low: int, high: int, shift: complex) -> None:
    """Apply one QR step to the rows from `low` to `high`, in place."""
    inner = range(low, high + 1)
    t[inner, inner] -= shift
    turns = []
    for k in range(low, high):
        x, y = t[k, k], t[k + 1, k]
        size = np.hypot(abs(x), abs(y))
        c, s = (x / size, y / size) if size else (1.0, 0.0)
        turn = np.array([[np.conj(c), np.conj(s)], [-s, c]])
        t[k : k + 2, k:] = turn @ t[k : k + 2, k:]
        turns.append(turn)
    for k, turn in zip(range(low, high), turns, strict=True):
        back = turn.conj().T
        t[: k + 2, k : k + 2] = t[: k + 2, k : k + 2] @ back
        q[:, k : k + 2] = q[:, k : k + 2] @ back
    t[inner, inner] += shift
