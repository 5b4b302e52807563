"""What is measured while training and evaluating: ``ft.keras.metrics``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from freshet.core import lazy as _lazy
from freshet.core.module import to_snake_case
from freshet.keras import configurable, identifiers
from freshet.keras.losses import (
    KLD,
    MAE,
    MAPE,
    MSE,
    MSLE,
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    kld,
    kullback_leibler_divergence,
    log_cosh,
    logcosh,
    mae,
    mape,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    mse,
    msle,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from freshet.keras.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from freshet.keras.metrics.auc import AUC
from freshet.keras.metrics.confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from freshet.keras.metrics.hinge import CategoricalHinge, Hinge, SquaredHinge
from freshet.keras.metrics.iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from freshet.keras.metrics.mean import Mean, MeanMetricWrapper, Sum
from freshet.keras.metrics.metric import Metric
from freshet.keras.metrics.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from freshet.keras.metrics.regression import (
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    RootMeanSquaredError,
)

__all__ = [
    "AUC",
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "Poisson",
    "Precision",
    "Recall",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_hinge",
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
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

_NAMED: Final = {
    name: globals()[name]
    for name in __all__
    if name not in {"MeanMetricWrapper", "Metric", "deserialize", "get", "serialize"}
}
# A class's own name in small letters means the class, also where a function has that name.
ALIASES: Final[dict[str, Any]] = {
    **_NAMED,
    **{to_snake_case(n): found for n, found in _NAMED.items() if isinstance(found, type)},
    "acc": Accuracy,
    "BCE": BinaryCrossentropy,
    "bce": BinaryCrossentropy,
    "MAE": MeanAbsoluteError,
    "mae": MeanAbsoluteError,
    "MAPE": MeanAbsolutePercentageError,
    "mape": MeanAbsolutePercentageError,
    "MSE": MeanSquaredError,
    "mse": MeanSquaredError,
    "MSLE": MeanSquaredLogarithmicError,
    "msle": MeanSquaredLogarithmicError,
}


def get(identifier: Any) -> Any:
    """Return the metric that an argument stands for; None for None.

    Args:
        identifier: A name such as "mse" or "sparse_categorical_accuracy", which gives an object;
            or a configuration, a class, an object or a function of targets and predictions.

    Raises:
        InvalidArgumentError: The name is not known.

    Example:
        >>> get("mse").name
        'mean_squared_error'
    """
    return identifiers.get(identifier, "metrics", "a metric")


def serialize(metric: Any) -> Any:
    """Return the configuration of a metric, or the name of a function, in Keras's format."""
    return configurable.serialize(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the metric that a configuration or name describes."""
    return identifiers.deserialize(config, "metrics", "a metric", custom_objects)


_lazy.advise(__name__)
