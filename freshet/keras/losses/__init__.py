"""What training makes small: ``ft.keras.losses``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from freshet.core import lazy as _lazy
from freshet.keras import configurable, identifiers
from freshet.keras.losses.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from freshet.keras.losses.divergence import KLDivergence, Poisson, kl_divergence, poisson
from freshet.keras.losses.hinge import (
    CategoricalHinge,
    Hinge,
    SquaredHinge,
    categorical_hinge,
    hinge,
    squared_hinge,
)
from freshet.keras.losses.loss import Loss, LossFunctionWrapper
from freshet.keras.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)

__all__ = [
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]

KLD = kld = kullback_leibler_divergence = kl_divergence
MAE = mae = mean_absolute_error
MAPE = mape = mean_absolute_percentage_error
MSE = mse = mean_squared_error
MSLE = msle = mean_squared_logarithmic_error
logcosh = log_cosh

ALIASES: Final[dict[str, Any]] = {
    **{
        name: globals()[name]
        for name in __all__
        if name not in {"Loss", "LossFunctionWrapper", "deserialize", "get", "serialize"}
    },
    "BCE": binary_crossentropy,
    "bce": binary_crossentropy,
}


def get(identifier: Any) -> Any:
    """Return the loss that an argument stands for; None for None.

    Args:
        identifier: A name: that of a class gives an object, that of a function ("mse") the
            function. Or a configuration, a class, an object or a function.

    Raises:
        InvalidArgumentError: The name is not known.

    Example:
        >>> get("mse") is mean_squared_error
        True
    """
    return identifiers.get(identifier, "losses", "a loss")


def serialize(loss: Any) -> Any:
    """Return the configuration of a loss, or the name of a loss function, in Keras's format."""
    return configurable.serialize(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the loss that a configuration or name describes."""
    return identifiers.deserialize(name, "losses", "a loss", custom_objects)


_lazy.advise(__name__)
