"""One training step in the TensorFlow/Keras API; `tf` may be any package that speaks it.

The usual custom loop, in one `tf.function`: it costs less each step than `Model.fit`.

Forms: `layers` is Keras as it comes; `fused` replaces its batch normalization, which takes mean and
variance by separate operations, by TensorFlow's fused one, which is faster on a CPU; `unrolled`
asks recurrent layers for one copy of the cell for each position instead of a loop.
"""

from __future__ import annotations

import importlib
import itertools
import os
from typing import Any

import numpy as np

from benchmarks.models import Data, Problem, steps_keras

_FORMS = {"normalization": "fused", "recurrence": "unrolled"}


def forms(problem: Problem, package: str) -> tuple[str, ...]:
    """Return the ways to run a problem."""
    more = [form for part, form in _FORMS.items() if part in problem.has]
    return ("layers", *more) if package == "tensorflow" else ("layers",)


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
        code = importlib.import_module(f"benchmarks.models.{problem.network}_keras")
        layers = tf.keras.layers
        if form != "layers":
            layers = importlib.import_module(f"benchmarks.models.{form}_layers")
        self._model = code.build(tf.keras, layers, rate)
        for variable, value in zip(self._model.trainable_variables, data.weights, strict=True):
            variable.assign(value)
        make = getattr(steps_keras, problem.kind)
        step, self._metric = make(tf, self._model, lambda: code.optimizer(tf.keras))
        self.function = tf.function(step, jit_compile=jit_compile)
        # Tensors made once: no step pays for a conversion.
        self.batches = [tuple(tf.constant(x) for x in batch) for batch in data.batches]
        self._batches = itertools.cycle(self.batches)
        self._trains = problem.trains

    def step(self) -> None:
        """Train on one batch."""
        self._loss = self.function(*next(self._batches))
        if not self._trains:
            self.loss()

    def loss(self) -> float:
        """Return the loss of the last step, once everything is done."""
        return float(self._loss)

    def metric(self) -> float:
        """Return the metric so far."""
        return float(self._metric.result())


class Fitting:
    """A model that is trained by `Model.fit`, on random examples in NumPy arrays."""

    def __init__(self, problem: Problem, examples: int, package: str) -> None:
        keras = importlib.import_module(package).keras
        code = importlib.import_module(f"benchmarks.models.{problem.network}_keras")
        numbers = np.random.default_rng(0)
        self._data = [given.random(examples, numbers) for given in problem.inputs]
        self._batch = problem.batch
        self._steps = -(-examples // problem.batch)
        self._model = code.build(keras, keras.layers, problem.rate)
        self._model.compile(
            optimizer=code.optimizer(keras),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )

    def epoch(self) -> tuple[int, float]:
        """Train on all examples; return the number of steps and the mean loss."""
        x, y, *weights = self._data
        given = {"sample_weight": weights[0]} if weights else {}
        history = self._model.fit(x, y, batch_size=self._batch, verbose=0, **given)
        return self._steps, float(history.history["loss"][-1])
