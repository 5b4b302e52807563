"""`LambdaCallback`: a callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freshet.core.errors import InvalidArgumentError, did_you_mean
from freshet.keras.callbacks.callback import Callback

Hook = Callable[..., Any] | None


class LambdaCallback(Callback):
    """Make a callback of functions.

    Args:
        on_epoch_begin: Takes `epoch` and `logs`, as `Callback.on_epoch_begin`.
        on_epoch_end: Takes `epoch` and `logs`.
        on_train_begin: Takes `logs`.
        on_train_end: Takes `logs`.
        on_train_batch_begin: Takes `batch` and `logs`.
        on_train_batch_end: Takes `batch` and `logs`.
        **kwargs: Functions for other hooks of `Callback`.

    Raises:
        InvalidArgumentError: `Callback` has no hook of that name.

    Example:
        >>> import freshet as ft
        >>> printer = ft.keras.callbacks.LambdaCallback(
        ...     on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"])
        ... )
    """

    def __init__(
        self,
        on_epoch_begin: Hook = None,
        on_epoch_end: Hook = None,
        on_train_begin: Hook = None,
        on_train_end: Hook = None,
        on_train_batch_begin: Hook = None,
        on_train_batch_end: Hook = None,
        **kwargs: Hook,
    ) -> None:
        super().__init__()
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        known = [name for name in vars(Callback) if name.startswith("on_")]
        for name, function in hooks.items():
            if name not in known:
                raise InvalidArgumentError(
                    f"LambdaCallback: there is no hook {name!r}{did_you_mean(name, known)}"
                )
            if function is not None:
                setattr(self, name, function)
