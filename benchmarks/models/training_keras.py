"""One training step in the TensorFlow/Keras API; `tf` may be any package that speaks it.

The usual custom loop, in one `tf.function`: it costs less each step than `Model.fit`.

Forms: `layers` is Keras as it comes; `fused` replaces its batch normalization, which takes mean and
variance by separate operations, by TensorFlow's fused one, which is faster on a CPU.
"""

from __future__ import annotations

import importlib
import itertools
import os
from typing import Any

from benchmarks.models import Data, Problem


def forms(problem: Problem, package: str) -> tuple[str, ...]:
    """Return the ways to run a problem."""
    normalizes = any(name.endswith("gamma") for name, _ in problem.weights)
    return ("layers", "fused") if normalizes and package == "tensorflow" else ("layers",)


def configure(tf: Any) -> None:
    """Limit TensorFlow's thread pools."""
    if tf.__name__ == "tensorflow":
        threads = int(os.environ["OMP_NUM_THREADS"])
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


class Training:
    """A model in training; `step` takes the next batch."""

    def __init__(
        self,
        problem: Problem,
        data: Data,
        form: str,
        rate: float,
        *,
        package: str,
        jit_compile: bool | None,
    ) -> None:
        tf = importlib.import_module(package)
        code = importlib.import_module(f"benchmarks.models.{problem.name}_keras")
        layers = tf.keras.layers
        if form == "fused":
            layers = importlib.import_module("benchmarks.models.fused_layers")
        self._model = code.build(tf.keras, layers, rate)
        for variable, value in zip(self._model.trainable_variables, data.weights, strict=True):
            variable.assign(value)
        self._accuracy = tf.keras.metrics.SparseCategoricalAccuracy()
        # Tensors made once: no step pays for a conversion.
        self.batches = [(tf.constant(x), tf.constant(y)) for x, y in data.batches]
        self._batches = itertools.cycle(self.batches)
        self.function = tf.function(
            _step_function(tf, self._model, code.optimizer(tf.keras), self._accuracy),
            jit_compile=jit_compile,
        )

    def step(self) -> None:
        """Train on one batch."""
        self._loss = self.function(*next(self._batches))

    def loss(self) -> float:
        """Return the loss of the last step, once everything is done."""
        return float(self._loss)

    def accuracy(self) -> float:
        """Return the metric so far."""
        return float(self._accuracy.result())


def _step_function(tf: Any, model: Any, optimizer: Any, accuracy: Any) -> Any:
    objective = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    variables = model.trainable_variables
    optimizer.build(variables)

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = objective(y, logits)
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        accuracy.update_state(y, logits)
        return loss

    return step
