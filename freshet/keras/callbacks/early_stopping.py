"""`EarlyStopping`: end `fit` when a metric no longer improves."""

from __future__ import annotations

from typing import Any

from freshet.keras.callbacks.monitor_callback import MonitorCallback
from freshet.keras.training.progress import print_message


class EarlyStopping(MonitorCallback):
    """End `fit` when a metric has not improved for some epochs.

    Args:
        monitor: Name of the metric in the epoch's logs.
        min_delta: A smaller change is no improvement.
        patience: Epochs without improvement to accept.
        verbose: 1 says so when training ends early.
        mode: "min" if smaller is better, "max" if larger is, "auto" to tell from the metric.
        baseline: A value to reach: epochs that do not beat it count as without improvement.
        restore_best_weights: Whether the model gets the weights of its best epoch at the end of
            training, also if that is not early. Otherwise it keeps the last.
        start_from_epoch: Epochs before which nothing counts, to let training settle.

    Example:
        >>> import freshet as ft
        >>> stop = ft.keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
        >>> # model.fit(x, y, epochs=100, validation_split=0.2, callbacks=[stop])
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin anew: one object may serve several calls of `fit`."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop training if the metric has not improved for `patience` epochs."""
        current = self._current(logs, "so training will not stop early")
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)  # a NaN improves on nothing; these weights are the best there are
        self.wait += 1
        if self._improved(current, self.best):
            self.best = current
            self._keep(epoch)
            if self.baseline is None or self._improved(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Any = None) -> None:
        """Give the model its best weights back, if asked to."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print_message(
                f"Epoch {self.stopped_epoch + 1}: {self.monitor} has not improved since epoch "
                f"{self.best_epoch + 1}, stopping"
            )
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print_message(f"Restoring the weights of epoch {self.best_epoch + 1}")
            self.model.set_weights(self.best_weights)
