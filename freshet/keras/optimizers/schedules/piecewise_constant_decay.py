"""`PiecewiseConstantDecay`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.dtype_policies import floatx
from freshet.keras.optimizers.schedules.schedule import LearningRateSchedule
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast, where


class PiecewiseConstantDecay(LearningRateSchedule):
    """Use one rate up to a step, then another.

    rate = values[0]    where step <= boundaries[0]
           values[i]    where boundaries[i-1] < step <= boundaries[i]
           values[-1]   after the last boundary

    Args:
        boundaries: Steps at which the rate changes, in order.
        values: Rates; one more than boundaries.
        name: For printing.

    Raises:
        InvalidArgumentError: The numbers of boundaries and values do not fit.

    Example:
        >>> rate = PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.25])
        >>> float(rate(10)), float(rate(11)), float(rate(21))
        (1.0, 0.5, 0.25)
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise InvalidArgumentError(
                "PiecewiseConstantDecay: there must be one value more than boundaries, received "
                f"{len(boundaries)} boundaries {list(boundaries)} and {len(values)} values "
                f"{list(values)}"
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        """Return the learning rate after a number of steps."""
        now = convert_to_tensor(step)
        rate = convert_to_tensor(float(self.values[-1]), dtype=floatx())
        for boundary, value in zip(reversed(self.boundaries), self.values[-2::-1], strict=True):
            rate = where(now <= cast(boundary, now.dtype), float(value), rate)
        return rate
