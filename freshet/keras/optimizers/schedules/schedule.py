"""`LearningRateSchedule`: what every schedule is."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.tensor import Tensor
from freshet.keras.configurable import Configurable
from freshet.keras.dtype_policies import floatx
from freshet.ops.math import cast


class LearningRateSchedule(Configurable):
    """A function of the number of steps done that returns a learning rate.

    A subclass writes `__call__` with operations on tensors, so that it works inside `ft.function`,
    where the step is not known yet.

    Example:
        >>> class Halving(LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.5 ** cast(step, "float32")
        >>> float(Halving()(2))
        0.25
    """

    family = "keras.optimizers.schedules"

    def __call__(self, step: Any) -> Any:
        """Return the learning rate after a number of steps."""
        raise UnimplementedError(f"{type(self).__name__} has no __call__(step)")

    def _positive(self, argument: str, value: float) -> float:
        """Return an argument; `InvalidArgumentError` unless it is above 0."""
        if not value > 0:
            raise InvalidArgumentError(
                f"{type(self).__name__}: {argument} must be above 0, received {value!r}"
            )
        return value


def floating_step(step: Any) -> Tensor:
    """Return a number of steps as a tensor of `floatx()`."""
    return cast(step, floatx())
