"""`PolynomialDecay`."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras.optimizers.schedules.schedule import LearningRateSchedule, floating_step
from freshet.ops.math import ceil, maximum, minimum, pow


class PolynomialDecay(LearningRateSchedule):
    """Go from one rate to another along a power of the way that is left.

    rate = (initial - end) (1 - min(step, decay_steps) / decay_steps)**power + end

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: The step at which the end is reached; above 0.
        end_learning_rate: The rate from then on.
        power: 1 goes in a straight line.
        cycle: Start again after the end, over the next multiple of `decay_steps`.
        name: For printing.

    Raises:
        InvalidArgumentError: `decay_steps` is not above 0.

    Example:
        >>> rate = PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.5)
        >>> float(rate(5)), float(rate(50))
        (0.75, 0.5)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = self._positive("decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        """Return the learning rate after a number of steps."""
        now = floating_step(step)
        length: Any = float(self.decay_steps)
        if self.cycle:
            length = maximum(ceil(now / length), 1.0) * length
        else:
            now = minimum(now, length)
        left = pow(1.0 - now / length, self.power)
        way = self.initial_learning_rate - self.end_learning_rate
        rate: Tensor = left * way + self.end_learning_rate
        return rate
