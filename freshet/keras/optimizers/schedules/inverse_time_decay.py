"""`InverseTimeDecay`."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras.optimizers.schedules.schedule import LearningRateSchedule, floating_step
from freshet.ops.math import floor


class InverseTimeDecay(LearningRateSchedule):
    """Divide the rate by a number that grows with the steps.

    rate = initial_learning_rate / (1 + decay_rate step / decay_steps)

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps per growth of `decay_rate`; above 0.
        decay_rate: Growth of the divisor. With `decay_steps` of 1 it is what optimizers once called
            `decay`.
        staircase: Round ``step / decay_steps`` down, so that the rate changes at once.
        name: For printing.

    Raises:
        InvalidArgumentError: `decay_steps` is not above 0.

    Example:
        >>> float(InverseTimeDecay(0.5, decay_steps=10, decay_rate=0.5)(20))
        0.25
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
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
        return self.initial_learning_rate / (turns * self.decay_rate + 1.0)
