"""`CosineDecay`."""

from __future__ import annotations

import math
from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras.optimizers.schedules.schedule import LearningRateSchedule, floating_step
from freshet.ops.math import cos, minimum, where


class CosineDecay(LearningRateSchedule):
    """Fall along half a cosine, after an optional straight rise.

    rate = initial + (target - initial) step / warmup_steps       where step < warmup_steps
           target ((1 - alpha) (1 + cos(pi x)) / 2 + alpha)        from then on

    x = min(step - warmup_steps, decay_steps) / decay_steps;  without a rise, target = initial

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps of the fall; above 0.
        alpha: The part of the rate that is left at the end.
        name: For printing.
        warmup_target: The rate at the end of the rise; None for no rise.
        warmup_steps: Steps of the rise.

    Raises:
        InvalidArgumentError: `decay_steps` is not above 0.

    Example:
        >>> rate = CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4)
        >>> float(rate(2)), float(rate(4)), round(float(rate(9)), 4)
        (0.5, 1.0, 0.5)

    Source: Loshchilov & Hutter 2016, arXiv:1608.03983, eq. 5; the rise: Goyal et al. 2017,
    arXiv:1706.02677, section 2.2.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = self._positive("decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Tensor:
        """Return the learning rate after a number of steps."""
        now = floating_step(step)
        if self.warmup_target is None:
            return self._fall(now, self.initial_learning_rate)
        way = self.warmup_target - self.initial_learning_rate
        # Without steps of rise there is no rise, and nothing to divide by.
        rise = now / max(self.warmup_steps, 1) * way + self.initial_learning_rate
        fall = self._fall(now - self.warmup_steps, self.warmup_target)
        return where(now < self.warmup_steps, rise, fall)

    def _fall(self, step: Tensor, start: float) -> Tensor:
        done = minimum(step, float(self.decay_steps)) / self.decay_steps
        half = (cos(done * math.pi) + 1.0) * 0.5
        rate: Tensor = (half * (1 - self.alpha) + self.alpha) * start
        return rate
