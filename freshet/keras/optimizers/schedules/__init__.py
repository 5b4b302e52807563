"""Learning rates that change with the steps: ``ft.keras.optimizers.schedules``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from freshet.keras import configurable, identifiers
from freshet.keras.optimizers.schedules.cosine_decay import CosineDecay
from freshet.keras.optimizers.schedules.cosine_decay_restarts import CosineDecayRestarts
from freshet.keras.optimizers.schedules.exponential_decay import ExponentialDecay
from freshet.keras.optimizers.schedules.inverse_time_decay import InverseTimeDecay
from freshet.keras.optimizers.schedules.piecewise_constant_decay import PiecewiseConstantDecay
from freshet.keras.optimizers.schedules.polynomial_decay import PolynomialDecay
from freshet.keras.optimizers.schedules.schedule import LearningRateSchedule

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]

ALIASES: Final[dict[str, Any]] = {}


def serialize(learning_rate_schedule: Any) -> Any:
    """Return the configuration of a schedule, in Keras's format."""
    return configurable.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the schedule that a configuration describes."""
    return identifiers.deserialize(config, "optimizers.schedules", "a schedule", custom_objects)
