"""A user's layers, models, losses and metrics with control flow on tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

import freshet as ft
from freshet import keras

X = np.array([[1.0], [2.0], [3.0], [-4.0]], np.float32)


class Gate(keras.layers.Layer):
    """Scales what is large."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = self.add_weight(shape=(), initializer="ones")

    def call(self, x, training=False):
        if ft.reduce_sum(x) > 1.0:
            x = x * (self.scale + 1.0)
        if training:
            x = x + 1.0
        return self.repeated(x)

    def repeated(self, x):
        for i in ft.range(2):
            x = x + ft.cast(i, "float32")
        return x


def absolute_loss(y_true, y_pred):
    error = ft.reduce_mean(y_true - y_pred)
    if error < 0.0:
        error = -error
    return error


class Largest(keras.metrics.Metric):
    """The largest prediction."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.found = self.add_weight(shape=(), initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        top = ft.reduce_max(y_pred)
        if top > self.found:
            self.found.assign(top)

    def result(self):
        return self.found


def test_a_layer_in_a_functional_model() -> None:
    inputs = keras.Input((1,))
    model = keras.Model(inputs, Gate()(inputs))
    np.testing.assert_allclose(model.predict(X, verbose=0), 2 * X + 1)
    np.testing.assert_allclose(model.predict(-X, verbose=0), -X + 1)


def test_a_whole_training() -> None:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.gate = Gate()
            self.dense = keras.layers.Dense(1, kernel_initializer="ones")
            self.large = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, x, training=False):
            x = self.gate(x, training=training)
            if ft.reduce_max(x) > 1.0:
                x = self.dense(x)
            else:
                x = self.dense(-x)
            return x

        def train_step(self, data):
            x, y = data
            if ft.reduce_max(x) > 2.5:
                self.large.assign_add(1.0)
            return super().train_step((x, y))

    model = Net()
    model.compile("sgd", loss=absolute_loss, metrics=[Largest()])
    history = model.fit(X, X, batch_size=2, epochs=2, shuffle=False, verbose=0).history
    assert float(model.large) == 2.0
    assert history["largest"][0] > 0
    assert all(np.isfinite(history["loss"]))


def test_a_step_written_out() -> None:
    class Careful(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1, kernel_initializer="ones")

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            x, y = data
            with ft.GradientTape() as tape:
                loss = ft.reduce_mean((y - self(x, training=True)) ** 2)
            gradients = tape.gradient(loss, self.trainable_weights)
            if loss > 100.0:
                gradients = [g * 0.0 for g in gradients]
            self.optimizer.apply_gradients(zip(gradients, self.trainable_weights))
            return {"loss": loss}

    model = Careful()
    model.compile("sgd")
    model.train_on_batch(X, X + 1000.0)
    np.testing.assert_allclose(model.dense.kernel, [[1.0]])
    model.train_on_batch(X, X + 1.0)
    assert float(model.dense.kernel[0, 0]) != 1.0
