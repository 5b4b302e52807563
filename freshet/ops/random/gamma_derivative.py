"""How a gamma-distributed number varies with its shape parameter, at a fixed probability.

    dx/da = -(dP(a, x)/da) / p(a, x)

P is the distribution function, p the density. With ``t_n = x^n / (a (a+1) ... (a+n))`` and
``T = sum t_n``, P is ``x^a e^-x T / Gamma(a)``, so

    dx/da = -x * sum over n of  t_n * (log x - digamma(a) - sum over k <= n of 1 / (a + k))

Source: Figurnov, Mohamed & Mnih 2018, arXiv:1805.08498, eq. 5.
"""

from __future__ import annotations

import numpy as np

from freshet.core.shapes import TensorType
from freshet.core.tensor import Array
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive


def _digamma(a: Array) -> Array:
    """Return the derivative of log(gamma(a)), for a > 0, by its asymptotic series from 6 on."""
    total = np.zeros_like(a)
    for _ in range(6):
        total = total - np.where(a < 6, 1 / a, 0)
        a = np.where(a < 6, a + 1, a)
    y = 1 / (a * a)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y / 132))))
    result: Array = total + np.log(a) - 0.5 / a - series
    return result


def _reference(alpha: Array, x: Array) -> Array:
    a = alpha.reshape(-1).astype(np.float64)
    z = np.maximum(x.reshape(-1).astype(np.float64), 1e-300)
    base = np.log(z) - _digamma(a)
    term = 1 / a
    slope = 1 / a
    total = term * (base - slope)
    n, largest = 0, np.abs(total)
    # Terms grow until n reaches z - a and then fall faster and faster.
    while n < 100_000 and np.any((np.abs(term * slope) > 1e-17 * largest) | (a + n < z)):
        n += 1
        term = term * (z / (a + n))
        slope = slope + 1 / (a + n)
        part = term * (base - slope)
        total = total + part
        largest = np.maximum(largest, np.abs(part))
    return (-z * total).reshape(alpha.shape).astype(alpha.dtype)


def _infer(alpha: TensorType, x: TensorType) -> TensorType:
    return x if None in alpha.shape else alpha


gamma_derivative_p: Primitive = Primitive(
    name="random_gamma_derivative", infer=_infer, reference=_reference,
    gradient=NoGradient("the derivative is not differentiated again"),
    lower=Host("its series ends where the numbers let it"),
)  # fmt: skip
