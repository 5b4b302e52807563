"""`CallbackList`: several callbacks called as one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Final

from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten
from freshet.keras.callbacks.callback import Callback, Logs, LogSource
from freshet.keras.callbacks.history import History
from freshet.keras.callbacks.progbar_logger import ProgbarLogger

HOOKS: Final = tuple(name for name in vars(Callback) if name.startswith("on_"))
OLDER_NAMES: Final = {
    "on_train_batch_begin": "on_batch_begin",
    "on_train_batch_end": "on_batch_end",
}
Listener = tuple[Callable[..., None], bool]
"""A hook of a callback, and whether it takes a function that computes the logs."""


class CallbackList(Callback):
    """Call several callbacks at once, in order.

    Only callbacks that override a hook are called. Logs may be given as a function, which is called
    when the first of them needs to know: a batch that nobody listens to computes no logs.

    Args:
        callbacks: Callbacks, one or a nested structure of them.
        add_history: Whether to add a `History` unless there is one.
        add_progbar: Whether to add a `ProgbarLogger` unless there is one.
        model: The model that is trained.
        **params: ``verbose``, ``epochs`` and ``steps``, for the callbacks.

    Raises:
        InvalidArgumentError: An object of `callbacks` is none.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = []
        self._listeners: dict[str, tuple[Listener, ...]] = {}
        self._handled: BaseException | None = None
        for callback in flatten(callbacks) if callbacks else []:
            self._add(callback)
        self._history = self._find(History)
        if self._history is None and add_history:
            self._history = self._add(History())
        if self._find(ProgbarLogger) is None and add_progbar:
            self._add(ProgbarLogger())
        self._listen()
        self.set_model(model)
        self.set_params(params)

    def _add(self, callback: Any) -> Any:
        if isinstance(callback, type):
            raise InvalidArgumentError(
                f"callbacks: {callback.__name__} is a class, expected an object: write "
                f"{callback.__name__}(...)"
            )
        if not all(hasattr(callback, hook) for hook in ("set_model", "on_epoch_end")):
            raise InvalidArgumentError(
                f"callbacks: expected keras.callbacks.Callback objects, received {callback!r} of "
                f"type {type(callback).__name__}"
            )
        self.callbacks.append(callback)
        return callback

    def _find(self, kind: type) -> Any:
        return next((c for c in self.callbacks if isinstance(c, kind)), None)

    def append(self, callback: Callback) -> None:
        """Add a callback at the end."""
        self._add(callback)
        self._listen()

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell every callback the parameters of the run."""
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tell every callback which model is trained."""
        if model is None:
            return
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    def listens_to(self, hook: str) -> bool:
        """Return whether any callback overrides a hook, such as ``on_train_batch_end``."""
        return bool(self._listeners[hook])

    def _begin(self) -> None:
        # What is being handled now, if `fit` is called in an except clause, does not end the run.
        self._handled = sys.exc_info()[1]
        self._listen()

    def _listen(self) -> None:
        """Find out who overrides which hook."""
        for hook in HOOKS:
            found = (_listener(callback, hook) for callback in self.callbacks)
            self._listeners[hook] = tuple(listener for listener in found if listener)

    def _call(self, hook: str, position: tuple[int, ...], logs: LogSource) -> None:
        listeners = self._listeners[hook]
        if not listeners:
            return
        ready: Logs | None = None
        for method, lazy in listeners:
            if lazy and ready is None:
                method(*position, logs)
                continue
            if ready is None:
                ready = plain_logs(logs)
            method(*position, ready)

    def on_train_begin(self, logs: LogSource = None) -> None:
        """Call `on_train_begin` of every callback."""
        self._begin()
        self._call("on_train_begin", (), logs)

    def on_train_end(self, logs: LogSource = None) -> None:
        """Call `on_train_end` of every callback."""
        self._call("on_train_end", (), logs)

    def on_epoch_begin(self, epoch: int, logs: LogSource = None) -> None:
        """Call `on_epoch_begin` of every callback."""
        self._listen()
        self._call("on_epoch_begin", (epoch,), logs)

    def on_epoch_end(self, epoch: int, logs: LogSource = None) -> None:
        """Call `on_epoch_end` of every callback."""
        self._call("on_epoch_end", (epoch,), logs)

    def on_train_batch_begin(self, batch: int, logs: LogSource = None) -> None:
        """Call `on_train_batch_begin` of every callback that overrides it."""
        self._call("on_train_batch_begin", (batch,), logs)

    def on_train_batch_end(self, batch: int, logs: LogSource = None) -> None:
        """Call `on_train_batch_end` of every callback that overrides it."""
        self._call("on_train_batch_end", (batch,), logs)

    def on_batch_begin(self, batch: int, logs: LogSource = None) -> None:
        """Call `on_batch_begin` of every callback that overrides it."""
        self._call("on_batch_begin", (batch,), logs)

    def on_batch_end(self, batch: int, logs: LogSource = None) -> None:
        """Call `on_batch_end` of every callback that overrides it."""
        self._call("on_batch_end", (batch,), logs)

    def on_test_begin(self, logs: LogSource = None) -> None:
        """Call `on_test_begin` of every callback."""
        self._begin()
        self._call("on_test_begin", (), logs)

    def on_test_end(self, logs: LogSource = None) -> None:
        """Call `on_test_end` of every callback."""
        self._call("on_test_end", (), logs)

    def on_test_batch_begin(self, batch: int, logs: LogSource = None) -> None:
        """Call `on_test_batch_begin` of every callback that overrides it."""
        self._call("on_test_batch_begin", (batch,), logs)

    def on_test_batch_end(self, batch: int, logs: LogSource = None) -> None:
        """Call `on_test_batch_end` of every callback that overrides it."""
        self._call("on_test_batch_end", (batch,), logs)

    def on_predict_begin(self, logs: LogSource = None) -> None:
        """Call `on_predict_begin` of every callback."""
        self._begin()
        self._call("on_predict_begin", (), logs)

    def on_predict_end(self, logs: LogSource = None) -> None:
        """Call `on_predict_end` of every callback."""
        self._call("on_predict_end", (), logs)

    def on_predict_batch_begin(self, batch: int, logs: LogSource = None) -> None:
        """Call `on_predict_batch_begin` of every callback that overrides it."""
        self._call("on_predict_batch_begin", (batch,), logs)

    def on_predict_batch_end(self, batch: int, logs: LogSource = None) -> None:
        """Call `on_predict_batch_end` of every callback that overrides it."""
        self._call("on_predict_batch_end", (batch,), logs)

    def close(self) -> None:
        """Let every callback put things in order if an exception, such as Ctrl-C, ends the run.

        Belongs in the ``finally`` of a loop between ``on_*_begin`` and ``on_*_end``, which an
        exception skips; does nothing if there is none.
        """
        if sys.exc_info()[1] is self._handled:
            return
        for callback in self.callbacks:
            if isinstance(callback, Callback):
                callback._on_abort()


def _listener(callback: Any, hook: str) -> Listener | None:
    """Return what to call of a callback, None if it does not override the hook."""
    if hook in getattr(callback, "ignored_hooks", ()):
        return None
    method = getattr(callback, hook, None)
    if _is_default(method, hook) and hook in OLDER_NAMES:
        hook = OLDER_NAMES[hook]
        method = getattr(callback, hook, None)
    if method is None or _is_default(method, hook):
        return None
    return method, getattr(callback, "lazy_logs", False)


def _is_default(method: Any, hook: str) -> bool:
    return getattr(method, "__func__", None) is getattr(Callback, hook)


def plain_logs(logs: LogSource) -> Logs:
    """Return logs with numbers in place of tensors, nested logs laid flat."""
    given = logs() if callable(logs) else logs
    plain: Logs = {}
    for name, value in (given or {}).items():
        if isinstance(value, dict):
            plain.update(plain_logs(value))
        else:
            plain[name] = _plain(value)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, (float, str)):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
