"""The arguments that every optimizer takes."""

from __future__ import annotations

from typing import Any, TypedDict

from freshet.core.errors import InvalidArgumentError


class CommonArguments(TypedDict, total=False):
    """The arguments that every optimizer hands on to `Optimizer`."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


def check_arguments(optimizer: Any) -> None:
    """Raise `InvalidArgumentError` unless an optimizer's arguments fit together."""
    name = type(optimizer).__name__
    clips = {k: getattr(optimizer, k) for k in ("clipnorm", "clipvalue", "global_clipnorm")}
    given = {k: v for k, v in clips.items() if v is not None}
    if len(given) > 1:
        raise InvalidArgumentError(
            f"{name}: only one of clipnorm, clipvalue and global_clipnorm can be given, "
            f"received {', '.join(f'{k}={v}' for k, v in given.items())}"
        )
    steps = optimizer.gradient_accumulation_steps
    if steps is not None and (not isinstance(steps, int) or steps < 2):
        raise InvalidArgumentError(
            f"{name}: gradient_accumulation_steps must be a whole number from 2, received {steps!r}"
        )
    if not 0 <= optimizer.ema_momentum <= 1:
        raise InvalidArgumentError(
            f"{name}: ema_momentum must be in [0, 1], received {optimizer.ema_momentum!r}"
        )
    every = optimizer.ema_overwrite_frequency
    if every is not None and (not isinstance(every, int) or every < 1):
        raise InvalidArgumentError(
            f"{name}: ema_overwrite_frequency must be a whole number from 1, received {every!r}"
        )


def reject_old(name: str, arguments: dict[str, Any]) -> None:
    """Raise `InvalidArgumentError` for arguments of older versions; drop those without effect."""
    if "lr" in arguments:
        raise InvalidArgumentError(
            f"{name}: lr is now called learning_rate: {name}(learning_rate={arguments['lr']!r})"
        )
    decay = arguments.pop("decay", None)
    if decay:
        raise InvalidArgumentError(
            f"{name}: decay is now a schedule: learning_rate=ft.keras.optimizers.schedules."
            f"InverseTimeDecay(rate, decay_steps=1, decay_rate={decay!r}); for decay of the "
            "weights, weight_decay"
        )
