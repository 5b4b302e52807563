"""Labels and features as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core.errors import InvalidArgumentError


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray[Any, Any]:
    """Return class numbers as one-hot vectors.

    Args:
        x: Class numbers from 0 on.
        num_classes: Length of the vectors; the largest number plus 1 by default.

    Raises:
        InvalidArgumentError: A number is negative or not below `num_classes`.

    Example:
        >>> to_categorical([0, 2]).tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    labels = np.asarray(x, np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    classes = int(labels.max()) + 1 if num_classes is None else num_classes
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise InvalidArgumentError(
            f"to_categorical: class numbers must be in [0, {classes}), received "
            f"{labels.min()} to {labels.max()}"
        )
    return np.eye(classes)[labels]


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray[Any, Any]:
    """Return vectors divided by their length; those of length 0 stay as they are."""
    array = np.asarray(x, np.float64)
    length = np.linalg.norm(array, order, axis, keepdims=True)
    length[length == 0] = 1
    normalized: np.ndarray[Any, Any] = array / length
    return normalized
