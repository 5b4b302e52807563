"""`ModelCheckpoint`: save the model as it trains."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from freshet.core.errors import InvalidArgumentError, did_you_mean
from freshet.keras.callbacks.callback import warn
from freshet.keras.callbacks.monitor_callback import MonitorCallback, check_count
from freshet.keras.training.progress import print_message


class ModelCheckpoint(MonitorCallback):
    """Save the model, or its weights, at the end of each epoch or every so many batches.

    A file is replaced only when the new one is complete: whatever ends the program, the last
    checkpoint can be loaded.

    Args:
        filepath: The file, ending in ``.keras``, or in ``.weights.h5`` with `save_weights_only`.
            Names in braces are replaced: ``{epoch:02d}`` (from 1), ``{batch}`` (from 1, if
            `save_freq` is a number) and the metrics, as in ``{epoch:02d}-{val_loss:.2f}.keras``.
        monitor: The metric that says which model is best.
        verbose: 1 says what is saved and why.
        save_best_only: Whether to save only a model that is better than all before.
        save_weights_only: Whether to save the weights (and the optimizer's state) alone.
        mode: "min" if smaller is better, "max" if larger is, "auto" to tell from the metric.
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: A value that the first model to be saved must beat.

    Raises:
        InvalidArgumentError: The file's name has another ending, or `save_freq` is neither.

    Example:
        >>> import freshet as ft
        >>> best = ft.keras.callbacks.ModelCheckpoint(
        ...     "best.keras", monitor="val_accuracy", save_best_only=True
        ... )
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        ending = ".weights.h5" if save_weights_only else ".keras"
        if not self.filepath.endswith(ending):
            raise InvalidArgumentError(
                f"ModelCheckpoint: with save_weights_only={save_weights_only} filepath must end in "
                f"{ending!r}, received {self.filepath!r}"
            )
        self._counter = BatchCounter("ModelCheckpoint", save_freq)
        self.ignored_hooks = self._counter.ignored_hooks
        self._current_epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Learn the number of the epoch."""
        self._current_epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Save every `save_freq` batches."""
        if self._counter.is_due(batch):
            self._save(self._current_epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save, unless `save_freq` counts batches."""
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def _save(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> None:
        path = Path(self._path(epoch, batch, logs))
        if self.save_best_only and not self._is_best(epoch, logs):
            return
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose > 0:
            print_message(f"Epoch {epoch + 1}: saved {path}")

    def _is_best(self, epoch: int, logs: dict[str, Any]) -> bool:
        current = self._current(logs, "so every model is saved as if it were the best")
        if current is None:
            return True
        if np.ndim(current) > 0:
            warn(
                f"ModelCheckpoint: {self.monitor!r} has shape {np.shape(current)} and tells no "
                "best model, so every model is saved"
            )
            return True
        before = "" if self.best is None else f" from {self.best:.5f}"
        better = self._improved(current, self.best)
        if better:
            self.best = current
        if self.verbose > 0:
            change = f"improved{before} to {current:.5f}" if better else f"did not improve{before}"
            print_message(f"Epoch {epoch + 1}: {self.monitor} {change}")
        return better

    def _path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        names = {**logs, "epoch": epoch + 1}
        if batch is not None:
            names["batch"] = batch + 1
        try:
            return self.filepath.format(**names)
        except KeyError as error:
            name = str(error.args[0])
            raise InvalidArgumentError(
                f"ModelCheckpoint: filepath {self.filepath!r} names {name!r}, but there are only "
                f"{', '.join(names)}{did_you_mean(name, names)}"
            ) from None


class BatchCounter:
    """Tell when a number of batches has passed, whatever epochs they belong to.

    Args:
        owner: The callback, for errors.
        frequency: "epoch" if no batch counts, else the number of batches.

    Raises:
        InvalidArgumentError: `frequency` is neither "epoch" nor a positive number.
    """

    def __init__(self, owner: str, frequency: Any) -> None:
        if frequency == "epoch":
            self._frequency = 0
        elif isinstance(frequency, str):
            raise InvalidArgumentError(
                f"{owner}: save_freq must be 'epoch' or a number of batches, received {frequency!r}"
            )
        else:
            self._frequency = check_count(owner, "save_freq", frequency, least=1)
        self._waiting = 0
        self._last = -1

    @property
    def ignored_hooks(self) -> frozenset[str]:
        """The hooks that a callback need not be called for."""
        return frozenset() if self._frequency else frozenset({"on_train_batch_end"})

    def is_due(self, batch: int) -> bool:
        """Return whether so many batches have passed since this was last true."""
        if not self._frequency:
            return False
        new_epoch = batch <= self._last
        self._waiting += batch + 1 if new_epoch else batch - self._last
        self._last = batch
        if self._waiting < self._frequency:
            return False
        self._waiting = 0
        return True
