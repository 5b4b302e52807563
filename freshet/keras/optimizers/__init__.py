"""What changes a model's weights: ``ft.keras.optimizers``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from freshet.core.errors import InvalidArgumentError
from freshet.keras import configurable, identifiers
from freshet.keras.optimizers import schedules
from freshet.keras.optimizers.adadelta import Adadelta
from freshet.keras.optimizers.adagrad import Adagrad
from freshet.keras.optimizers.adam import Adam, AdamW
from freshet.keras.optimizers.adamax import Adamax
from freshet.keras.optimizers.ftrl import Ftrl
from freshet.keras.optimizers.lamb import Lamb
from freshet.keras.optimizers.lion import Lion
from freshet.keras.optimizers.nadam import Nadam
from freshet.keras.optimizers.optimizer import Optimizer
from freshet.keras.optimizers.rmsprop import RMSprop
from freshet.keras.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_CLASSES: Final[tuple[type[Optimizer], ...]] = (
    Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, Nadam, RMSprop, SGD,
)  # fmt: skip
ALIASES: Final[dict[str, Any]] = {
    **{cls.__name__: cls for cls in _CLASSES},
    **{cls.__name__.lower(): cls for cls in _CLASSES},
}


def get(identifier: Any) -> Any:
    """Return the optimizer that an argument stands for; None for None.

    Args:
        identifier: A name such as "adam", in small or capital letters; a configuration, a class or
            an object.

    Raises:
        InvalidArgumentError: It stands for no optimizer.

    Example:
        >>> get("sgd").get_config()["learning_rate"]
        0.009999999776482582
    """
    if isinstance(identifier, str):
        identifier = next((n for n in ALIASES if n == identifier.lower()), identifier)
    found = identifiers.get(identifier, "optimizers", "an optimizer")
    if found is not None and not isinstance(found, Optimizer):
        raise InvalidArgumentError(f"{identifier!r} is not an optimizer")
    return found


def serialize(optimizer: Any) -> Any:
    """Return the configuration of an optimizer, in Keras's format."""
    return configurable.serialize(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the optimizer that a configuration describes, without its state."""
    return identifiers.deserialize(config, "optimizers", "an optimizer", custom_objects)
