"""`ProgbarLogger`: the progress bar of `fit`, `evaluate` and `predict`."""

from __future__ import annotations

from typing import Any

from freshet.keras.callbacks.callback import Callback
from freshet.keras.training.progress import Progbar

INTERVAL = 0.1  # seconds: ten drawings a second look smooth and cost nothing


class ProgbarLogger(Callback):
    """Show progress; `fit`, `evaluate` and `predict` add one by themselves unless ``verbose=0``."""

    lazy_logs = True

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.progbar: Progbar | None = None
        self.target: int | None = None
        self.verbose = 1
        self.epochs = 1
        self._in_fit = False

    def set_params(self, params: dict[str, Any]) -> None:
        """Learn how much to show and how many steps and epochs there are."""
        super().set_params(params)
        verbose = params.get("verbose", "auto")
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs") or 1
        self.target = params.get("steps")

    def on_train_begin(self, logs: Any = None) -> None:
        """Keep validation silent from now on."""
        self._in_fit = True

    def on_train_end(self, logs: Any = None) -> None:
        """Let `evaluate` show progress again."""
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Show an empty bar."""
        self._begin(f"Epoch {epoch + 1}/{self.epochs}" if self.epochs > 1 else "")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        self._move(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Leave the full bar behind."""
        self._end(logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Show an empty bar, or say that the validation runs."""
        if not self._in_fit:
            self._begin()
        elif self.progbar is not None:
            self.progbar.show(note="validating")

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        if not self._in_fit:
            self._move(batch, logs)

    def on_test_end(self, logs: Any = None) -> None:
        """Leave the full bar behind."""
        if not self._in_fit:
            self._end(logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Show an empty bar."""
        self._begin()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        self._move(batch, None)  # the logs are the predictions

    def on_predict_end(self, logs: Any = None) -> None:
        """Leave the full bar behind."""
        self._end(None)

    def _begin(self, title: str = "") -> None:
        self.seen = 0
        self.progbar = Progbar(
            self.target,
            verbose=self.verbose,
            interval=INTERVAL,
            stateless_metrics=(),
            title=title,
        )
        self.progbar.show()

    def _move(self, batch: int, logs: Any) -> None:
        if self.progbar is None:
            self._begin()
        assert self.progbar is not None
        self.seen = batch + 1
        due = self.progbar.advance(self.seen)
        if due or (self.seen == self.target and self.progbar.dynamic):
            self.progbar.show(_items(logs))

    def _end(self, logs: Any) -> None:
        if self.progbar is None:
            return
        if self.target is None:  # known from the first epoch on
            self.target = self.seen
        self.progbar.target = self.target
        self.progbar.advance(self.seen)
        self.progbar.show(_items(logs), final=True)
        self.progbar = None

    def _on_abort(self) -> None:
        if self.progbar is not None:
            self.progbar.close()
        self.progbar = None
        self._in_fit = False


def _items(logs: Any) -> list[tuple[str, Any]]:
    logs = logs() if callable(logs) else logs
    return list((logs or {}).items())
