"""First values of weights: ``ft.keras.initializers``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from freshet.core import lazy as _lazy
from freshet.core.errors import InvalidArgumentError
from freshet.core.module import to_snake_case
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras import configurable, identifiers
from freshet.keras.initializers.constants import Constant, Identity, Ones, Zeros
from freshet.keras.initializers.distributions import RandomNormal, RandomUniform, TruncatedNormal
from freshet.keras.initializers.initializer import Initializer, checked
from freshet.keras.initializers.orthogonal import Orthogonal
from freshet.keras.initializers.variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)
from freshet.ops.math import cast

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "deserialize",
    "get",
    "serialize",
]

_CLASSES: Final[tuple[type[Initializer], ...]] = (
    Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Identity, LecunNormal, LecunUniform,
    Ones, Orthogonal, RandomNormal, RandomUniform, TruncatedNormal, VarianceScaling, Zeros,
)  # fmt: skip
ALIASES: Final[dict[str, Any]] = {
    **{cls.__name__: cls for cls in _CLASSES},
    **{to_snake_case(cls.__name__): cls for cls in _CLASSES},
    "IdentityInitializer": Identity,
    "OrthogonalInitializer": Orthogonal,
    "normal": RandomNormal,
    "one": Ones,
    "uniform": RandomUniform,
    "zero": Zeros,
}


def get(identifier: Any) -> Any:
    """Return the initializer that an argument stands for; None for None.

    Args:
        identifier: A name such as "he_normal", a configuration, a class, an object, a function of
            shape and dtype, or an array with the values themselves.

    Raises:
        InvalidArgumentError: The name is not known.

    Example:
        >>> get("he_normal").get_config()
        {'seed': None, 'input_axes': None, 'output_axes': None}
    """
    if isinstance(identifier, (Tensor, Variable, np.ndarray, np.generic)):
        return _of_values(identifier)
    return identifiers.get(identifier, "initializers", "an initializer")


def _of_values(values: Any) -> Any:
    """Return a function that gives these values for their own shape."""

    def initializer(shape: Any, dtype: Any = None) -> Tensor:
        sizes, kind = checked("initializer", shape, dtype)
        if sizes != tuple(values.shape):
            raise InvalidArgumentError(
                f"initializer: given values of shape {tuple(values.shape)}, asked for {sizes}"
            )
        return cast(values, kind)

    return initializer


def serialize(initializer: Any) -> Any:
    """Return the configuration of an initializer, in Keras's format."""
    return configurable.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the initializer that a configuration describes."""
    return identifiers.deserialize(config, "initializers", "an initializer", custom_objects)


_lazy.advise(__name__)
