"""`ReduceLROnPlateau`: lower the learning rate when a metric no longer improves."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.keras.callbacks.learning_rate_scheduler import learning_rate_of
from freshet.keras.callbacks.monitor_callback import MonitorCallback
from freshet.keras.training.progress import print_message


class ReduceLROnPlateau(MonitorCallback):
    """Lower the learning rate when a metric has not improved for some epochs.

    Args:
        monitor: Name of the metric in the epoch's logs.
        factor: What the learning rate is multiplied with; less than 1.
        patience: Epochs without improvement to accept.
        verbose: 1 says so when the learning rate changes.
        mode: "min" if smaller is better, "max" if larger is, "auto" to tell from the metric.
        min_delta: A smaller change is no improvement.
        cooldown: Epochs after a change that do not count.
        min_lr: The learning rate never falls below.

    Raises:
        InvalidArgumentError: `factor` would not lower the learning rate.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise InvalidArgumentError(
                f"ReduceLROnPlateau: factor must be less than 1, received {factor}"
            )
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.cooldown_counter = 0
        self.wait = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin anew: one object may serve several calls of `fit`."""
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Lower the learning rate if the metric has not improved for `patience` epochs."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = learning_rate_of(self.model)
        current = self._current(logs, "so the learning rate stays")
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._improved(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def in_cooldown(self) -> bool:
        """Return whether a change is so recent that epochs do not count."""
        return self.cooldown_counter > 0

    def _reduce(self, epoch: int) -> None:
        before = learning_rate_of(self.model)
        if before <= np.float32(self.min_lr):
            return
        after = max(before * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = after
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose > 0:
            print_message(
                f"Epoch {epoch + 1}: {self.monitor} is on a plateau, learning rate {after:g}"
            )
