"""`History`: what `fit` returns."""

from __future__ import annotations

from typing import Any

from freshet.keras.callbacks.callback import Callback


class History(Callback):
    """Keep the logs of every epoch; `fit` adds one by itself and returns it.

    Attributes:
        history: For each metric the values, one for each epoch.
        epoch: The epochs' numbers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Forget the numbers of earlier epochs."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Append the logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        self.model.history = self

    def __repr__(self) -> str:
        return f"<History of {len(self.epoch)} epochs: {', '.join(self.history)}>"
