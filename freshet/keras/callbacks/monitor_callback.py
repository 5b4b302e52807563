"""`MonitorCallback`: what the callbacks that watch one metric have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from freshet.core.errors import InvalidArgumentError, did_you_mean
from freshet.keras.callbacks.callback import Callback, warn

MODES: Final = ("auto", "min", "max")
RISING: Final = (
    "acc", "auc", "precision", "recall", "sensitivity", "specificity", "f1", "fbeta", "iou", "io_u",
    "dice", "r2", "cosine_similarity", "bleu",
)  # fmt: skip
FALLING: Final = (
    "loss", "error", "mse", "mae", "rmse", "mape", "msle", "crossentropy", "perplexity", "hinge",
    "divergence", "log_cosh", "logcosh", "poisson", "false_",
)  # fmt: skip
"""Parts of the names of metrics that are better when larger, and when smaller."""


class MonitorCallback(Callback):
    """Base class of callbacks that act on whether a metric improves.

    Args:
        monitor: Name of the metric in the epoch's logs.
        mode: "min" if smaller is better, "max" if larger is, "auto" to tell from the metric.
        baseline: What the first value is compared with.
        min_delta: A smaller change is no improvement.

    Attributes:
        best: The best value so far; None before the first.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        baseline: float | None = None,
        min_delta: float = 0.0,
    ) -> None:
        super().__init__()
        if mode not in MODES:
            warn(
                f"{type(self).__name__}: mode {mode!r} is none of {', '.join(MODES)}, 'auto' is "
                "used instead"
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)
        self.monitor_op: Callable[[Any, Any], Any] | None = None
        self._warned = False

    def _current(self, logs: dict[str, Any] | None, consequence: str) -> Any:
        """Return the metric's value; None, and a warning once, if the logs lack it."""
        logs = logs or {}
        if self.monitor in logs:
            return logs[self.monitor]
        if not self._warned:
            self._warned = True
            known = ", ".join(logs) or "none"
            hint = did_you_mean(self.monitor, logs)
            if not hint and self.monitor.startswith("val_"):
                hint = "; give fit validation_data or validation_split to have it"
            warn(
                f"{type(self).__name__}: there is no metric {self.monitor!r}, {consequence}; the "
                f"metrics are {known}{hint}"
            )
        return None

    def _improved(self, value: Any, reference: Any) -> bool:
        """Return whether `value` is better than `reference` by more than `min_delta`."""
        if reference is None:
            return True
        if self.monitor_op is None:
            self._set_monitor_op()
        assert self.monitor_op is not None
        delta = self.min_delta if self.monitor_op is np.greater else -self.min_delta
        return bool(self.monitor_op(value - delta, reference))

    def _set_monitor_op(self) -> None:
        """Decide whether larger or smaller is better.

        Raises:
            InvalidArgumentError: Neither the metric nor its name tells.
        """
        rising = self._rising()
        if rising is None:
            raise InvalidArgumentError(
                f"{type(self).__name__}: cannot tell whether {self.monitor!r} should rise or fall; "
                "pass mode='max' or mode='min'"
            )
        self.monitor_op = np.greater if rising else np.less

    def _rising(self) -> bool | None:
        if self.mode != "auto":
            return self.mode == "max"
        name = self.monitor.removeprefix("val_")
        for metric in _metrics(getattr(self.model, "metrics", ())):
            direction = getattr(metric, "_direction", None)
            if metric.name == name and direction is not None:
                return bool(direction == "up")
        if any(part in name for part in FALLING):
            return False
        if any(part in name for part in RISING):
            return True
        return None


def _metrics(metrics: Any) -> Iterator[Any]:
    """Return metrics, those within a metric after it."""
    for metric in metrics:
        yield metric
        yield from _metrics(getattr(metric, "metrics", ()))


def check_count(owner: str, name: str, value: int, least: int = 0) -> int:
    """Return an argument that counts epochs or batches.

    Raises:
        InvalidArgumentError: It is no whole number or less than `least`.
    """
    if isinstance(value, bool) or int(value) != value or value < least:
        raise InvalidArgumentError(
            f"{owner}: {name} must be a whole number, {least} or more; received {value!r}"
        )
    return int(value)
