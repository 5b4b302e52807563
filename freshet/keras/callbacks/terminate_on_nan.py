"""`TerminateOnNaN`: end `fit` when the loss is no longer a number."""

from __future__ import annotations

import math
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.keras.callbacks.callback import Callback
from freshet.keras.training.progress import print_message


class TerminateOnNaN(Callback):
    """End `fit` when the loss is NaN or infinite after a batch.

    Args:
        raise_error: Whether to raise an error, so that no callback's `on_train_end` runs (which
            might delete a backup); otherwise training ends in good order.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the loss.

        Raises:
            InvalidArgumentError: It is NaN or infinite and `raise_error` is set.
        """
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        message = f"the loss is {loss} after batch {batch}, training ends"
        if self.raise_error:
            raise NonFiniteLossError(message)
        print_message(f"TerminateOnNaN: {message}")
        self.model.stop_training = True


class NonFiniteLossError(InvalidArgumentError, RuntimeError):
    """The loss is NaN or infinite."""
