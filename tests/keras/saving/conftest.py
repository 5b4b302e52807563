"""A small model with every kind of state: weights, moving statistics, random, optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from freshet import keras
from freshet.keras import layers

X = np.random.default_rng(1).standard_normal((8, 6, 6, 1)).astype(np.float32)
Y = np.random.default_rng(2).standard_normal((8, 3)).astype(np.float32)


def _make() -> Any:
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(2, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    metrics = ["mae", keras.metrics.MeanSquaredError(name="squares")]
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=metrics)
    return model


@pytest.fixture
def x() -> Any:
    return X


@pytest.fixture
def y() -> Any:
    return Y


@pytest.fixture
def make() -> Callable[[], Any]:
    return _make


@pytest.fixture
def trained() -> Any:
    model = _make()
    model.fit(X, Y, batch_size=4, verbose=0)
    return model


@pytest.fixture
def other(trained: Any) -> Any:
    """Return a model of the same kind with other values."""
    del trained  # made first, so that the random states differ
    model = _make()
    model.train_on_batch(X, Y)
    return model


@pytest.fixture
def state() -> Callable[[Any], list[bytes]]:
    """Return a function that gives every value that a model keeps."""

    def of(model: Any) -> list[bytes]:
        variables = [*model.variables, *model.optimizer.variables]
        progress = f"{model._epochs_seen} {model._shuffle_seed}".encode()
        return [progress, *(v.numpy().tobytes() for v in variables)]

    return of
