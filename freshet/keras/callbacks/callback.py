"""`Callback`: what training calls at its turning points."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from freshet.core.source import user_line

Logs = dict[str, Any]
LogSource = Logs | Callable[[], Logs] | None
"""Logs, or a function that computes them: asking a model for its metrics costs time."""


class Callback:
    """Base class of what `fit`, `evaluate` and `predict` call as they go.

    A subclass overrides the hooks it needs. A hook that no callback overrides costs nothing, so
    override batch hooks only if something is to happen after each batch. `logs` holds the metrics
    so far, in `on_epoch_end` also those of the validation under names that begin with ``val_``; a
    callback may add to it, and those after it see that.

    Attributes:
        params: ``verbose``, ``epochs`` and ``steps`` of the run.
        model: The model being trained; set ``model.stop_training = True`` to end `fit`.

    Example:
        >>> import numpy as np
        >>> import freshet as ft
        >>> class Report(ft.keras.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         seen.append((epoch, sorted(logs)))
        >>> seen = []
        >>> model = ft.keras.Sequential([ft.keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> _ = model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[Report()])
        >>> seen
        [(0, ['loss'])]
    """

    lazy_logs = False
    """Whether hooks take a `LogSource` and call it only if they need the logs."""

    ignored_hooks: frozenset[str] = frozenset()
    """Hooks that this object need not be called for, although its class overrides them."""

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._model: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Learn the ``verbose``, ``epochs`` and ``steps`` of the run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Learn which model is trained."""
        self._model = model

    @property
    def model(self) -> Any:
        """The model being trained."""
        return self._model

    def on_train_begin(self, logs: Any = None) -> None:
        """Act when `fit` begins."""

    def on_train_end(self, logs: Any = None) -> None:
        """Act when `fit` ends; `logs` are those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Act when an epoch begins; the first is 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Act when an epoch has ended, its validation included."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Act before a batch; the first of an epoch is 0."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Act after a batch; `logs` are the metrics of the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Act before a batch: an older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Act after a batch: an older name of `on_train_batch_end`."""

    def on_test_begin(self, logs: Any = None) -> None:
        """Act when `evaluate`, or a validation within `fit`, begins."""

    def on_test_end(self, logs: Any = None) -> None:
        """Act when `evaluate`, or a validation within `fit`, ends."""

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Act before a batch of `evaluate`."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Act after a batch of `evaluate`."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Act when `predict` begins."""

    def on_predict_end(self, logs: Any = None) -> None:
        """Act when `predict` ends."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Act before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Act after a batch of `predict`."""

    def _on_abort(self) -> None:
        """Leave files and the terminal in order: an exception ends the run, `on_*_end` not."""


def warn(message: str) -> None:
    """Warn the user, naming the line of the user's that is being run."""
    line = user_line()
    if line is None:
        warnings.warn(message, stacklevel=3)
    else:
        warnings.warn_explicit(message, UserWarning, line.file, line.line)
