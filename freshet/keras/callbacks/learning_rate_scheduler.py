"""`LearningRateScheduler`: set the learning rate at the beginning of each epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.keras.callbacks.callback import Callback
from freshet.keras.training.progress import print_message


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch.

    Args:
        schedule: Returns the learning rate for an epoch's number (the first is 0) and the present
            learning rate; a function of the number alone will do.
        verbose: 1 says which learning rate is set.

    Example:
        >>> import freshet as ft
        >>> def halve(epoch, learning_rate):
        ...     return learning_rate if epoch < 10 else learning_rate / 2
        >>> scheduler = ft.keras.callbacks.LearningRateScheduler(halve)
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the learning rate.

        Raises:
            InvalidArgumentError: `schedule` returned no number.
        """
        now = learning_rate_of(self.model)
        given = self.schedule(epoch, now) if _takes_two(self.schedule) else self.schedule(epoch)
        try:
            rate = float(given)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(
                f"LearningRateScheduler: schedule must return a number, received {given!r} for "
                f"epoch {epoch}"
            ) from error
        self.model.optimizer.learning_rate = rate
        if self.verbose > 0:
            print_message(f"Epoch {epoch + 1}: learning rate {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Add the learning rate to the logs."""
        if logs is not None:
            logs["learning_rate"] = learning_rate_of(self.model)


def _takes_two(schedule: Callable[..., Any]) -> bool:
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # a function written in C without a signature
        return True
    return True


def learning_rate_of(model: Any) -> float:
    """Return the learning rate of a model's optimizer.

    Raises:
        FailedPreconditionError: The model has no optimizer.
    """
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        raise FailedPreconditionError(
            "the model has no optimizer whose learning rate could change: call compile first"
        )
    return float(optimizer.learning_rate)
