"""winograd: convolutions by tiles, where that takes less time.

It rounds worse than a direct sum. Of normally distributed numbers, in two dimensions and 64
channels, the mean error is 8e-7 of the outputs' spread with three taps and 2.2e-6 with four or
five, beside 3e-7 and 4e-7 to 5e-7; the largest of 50,000 outputs is 1e-5 and 4e-5, beside 6e-6
(`tests/compiler/test_winograd.py`). An infinity or NaN reaches all outputs of its tile.
`Config.winograd` switches it off; float64 is never concerned.
"""

from __future__ import annotations

import math
from typing import Final

from freshet.compiler.kernel import Kernel
from freshet.compiler.target import Target
from freshet.compiler.winograd.kernels import Panel, panels_of
from freshet.compiler.winograd.rounds import kernels_in_rounds
from freshet.compiler.winograd.windows import Convolution, find_convolution
from freshet.core import dtypes
from freshet.core.config import config

DIRECT: Final = 0.75
"""Part of the peak that direct convolutions reach."""
PRODUCTS: Final = 0.65
"""Part of the peak that the products reach."""
DATA_CYCLES: Final = 11.0
"""Cycles for a vector of one point of the data; most of them for writing it."""
FILTER_CYCLES: Final = 8.0
SUM_CYCLES: Final = 5.0
LEAST_WORK: Final = 1 << 22
"""Multiply-adds below which starting three more kernels takes longer than what they spare."""
BETTER: Final = 0.8
"""Part of the direct convolution's time that tiles must stay below, since they round worse."""


def winograd(kernel: Kernel, target: Target) -> list[Kernel] | None:
    """Return the kernels of a convolution by tiles; None if that is none, or does not pay."""
    if not config.winograd or math.prod(kernel.extents.values()) < LEAST_WORK:
        return None
    found = find_convolution(kernel)
    return kernels_in_rounds(found, target) if found and _pays(found, target) else None


def _pays(c: Convolution, target: Target) -> bool:
    """Whether the multiplications that are spared take longer than the transforms."""
    lanes = target.lanes(dtypes.float32)
    panels = panels_of(c, near=True)
    depth = math.prod(c.extents[a] for a in c.summed)
    cycles = _vectors(panels.products, lanes) * depth / (2 * PRODUCTS)
    for panel, each in zip(panels, (DATA_CYCLES, FILTER_CYCLES, SUM_CYCLES), strict=True):
        cycles += _vectors(panel, lanes) * each
    column = c.kernel.extents[c.kernel.outer[-1]]
    sums = math.prod(c.kernel.extents.values()) // column * -(-column // lanes)
    return cycles < BETTER * sums / (2 * DIRECT)


def _vectors(panel: Panel, lanes: int) -> int:
    blocks, rows, columns = panel.sizes
    return panel.points * blocks * rows * -(-columns // lanes)
