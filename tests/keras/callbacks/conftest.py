"""A model that only remembers, for callbacks that need nothing more."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest


class FakeModel:
    """What callbacks ask of a model."""

    def __init__(self) -> None:
        self.name = "fake"
        self.built = True
        self.stop_training = False
        self.history: Any = None
        self.metrics: list[Any] = []
        self.optimizer: Any = SimpleNamespace(learning_rate=0.1, iterations=0)
        self.weights = [0.0]
        self.saved: list[str] = []

    def get_weights(self) -> list[float]:
        return list(self.weights)

    def set_weights(self, weights: list[float]) -> None:
        self.weights = list(weights)

    def save(self, path: Any, overwrite: bool = True) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(str(self.weights[0]))
        self.saved.append(Path(path).name)

    save_weights = save

    def load_weights(self, path: Any) -> None:
        self.weights = [float(Path(path).read_text())]


@pytest.fixture
def model() -> FakeModel:
    return FakeModel()


@pytest.fixture
def drive(model):
    """Let callbacks see epochs: each a dict of logs, given also to the batches' end."""
    from freshet.keras.callbacks import CallbackList

    def run(callbacks: Any, epochs: list[dict[str, Any]], batches: int = 1) -> Any:
        listeners = CallbackList(callbacks, add_history=True, model=model, epochs=len(epochs))
        listeners.on_train_begin()
        logs: dict[str, Any] = {}
        for epoch, logs in enumerate(epochs):
            model.weights = [float(epoch)]
            listeners.on_epoch_begin(epoch)
            for batch in range(batches):
                listeners.on_train_batch_begin(batch)
                listeners.on_train_batch_end(batch, logs)
            listeners.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        listeners.on_train_end(logs)
        return model.history

    return run
