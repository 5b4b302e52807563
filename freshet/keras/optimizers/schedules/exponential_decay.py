"""`ExponentialDecay`."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras.optimizers.schedules.schedule import LearningRateSchedule, floating_step
from freshet.ops.math import floor, pow


class ExponentialDecay(LearningRateSchedule):
    """Multiply the rate by a factor every so many steps.

    rate = initial_learning_rate decay_rate**(step / decay_steps)

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps per factor; above 0.
        decay_rate: The factor.
        staircase: Round ``step / decay_steps`` down, so that the rate changes at once.
        name: For printing.

    Raises:
        InvalidArgumentError: `decay_steps` is not above 0.

    Example:
        >>> float(ExponentialDecay(0.5, decay_steps=10, decay_rate=0.5)(20))
        0.125
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = self._positive("decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        """Return the learning rate after a number of steps."""
        turns = floating_step(step) / self.decay_steps
        if self.staircase:
            turns = floor(turns)
        rate: Tensor = pow(self.decay_rate, turns) * self.initial_learning_rate
        return rate
