"""`CosineDecayRestarts`."""

from __future__ import annotations

import math
from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras.optimizers.schedules.schedule import LearningRateSchedule, floating_step
from freshet.ops.math import cos, floor, log, pow, where


class CosineDecayRestarts(LearningRateSchedule):
    """Fall along half a cosine, again and again.

    rate = initial ((1 - alpha) m_mul**i (1 + cos(pi x)) / 2 + alpha)

    in fall number i, of which the part x is done; it takes ``first_decay_steps t_mul**i`` steps.

    Args:
        initial_learning_rate: The rate at step 0.
        first_decay_steps: Steps of the first fall; above 0.
        t_mul: How many times longer each fall is than the one before.
        m_mul: How many times higher each fall starts than the one before.
        alpha: The part of the rate that is left at the end of a fall.
        name: For printing.

    Raises:
        InvalidArgumentError: `first_decay_steps` is not above 0.

    Example:
        >>> rate = CosineDecayRestarts(1.0, 10, t_mul=1.0, m_mul=0.5)
        >>> float(rate(0)), round(float(rate(5)), 4), float(rate(10))
        (1.0, 0.5, 0.5)

    Source: Loshchilov & Hutter 2016, arXiv:1608.03983, eq. 5.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = self._positive("first_decay_steps", first_decay_steps)
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        """Return the learning rate after a number of steps."""
        number, done = self._place(floating_step(step) / self.first_decay_steps)
        half = (cos(done * math.pi) + 1.0) * 0.5 * pow(self.m_mul, number)
        rate: Tensor = (half * (1 - self.alpha) + self.alpha) * self.initial_learning_rate
        return rate

    def _place(self, turns: Tensor) -> tuple[Tensor, Tensor]:
        """Return the fall's number and the part of it that is done."""
        if self.t_mul == 1:
            number = floor(turns)
            return number, turns - number
        number = floor(log(1.0 - turns * (1.0 - self.t_mul)) / math.log(self.t_mul))
        # The logarithm is not exact, so at a restart the number may be one off.
        number = where(turns >= self._start(number + 1.0), number + 1.0, number)
        number = where(turns < self._start(number), number - 1.0, number)
        return number, (turns - self._start(number)) / pow(self.t_mul, number)

    def _start(self, number: Tensor) -> Tensor:
        """Return when a fall begins, in units of the first: that many falls before it."""
        start: Tensor = (1.0 - pow(self.t_mul, number)) / (1.0 - self.t_mul)
        return start
