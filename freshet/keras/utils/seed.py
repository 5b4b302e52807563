"""One seed for everything that is random."""

from __future__ import annotations

import random as python_random

import numpy as np

from freshet.ops.random import set_seed


def set_random_seed(seed: int) -> None:
    """Seed Python's, NumPy's and Freshet's random numbers, so that a program repeats exactly."""
    python_random.seed(seed)
    np.random.seed(seed % 2**32)
    set_seed(seed)
