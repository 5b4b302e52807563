"""`Trainer`: compile, fit, evaluate and predict.

A step of training is one Python method, `train_step`. It is traced once per shape of batch into a
graph that reads and writes the model's variables, the optimizer's and the metrics', and runs as one
compiled program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.nest import flatten, map_structure, pack_sequence_as
from freshet.core.tensor import Array, Tensor
from freshet.core.traceback import short_traceback
from freshet.graph.autograph.calling import f as converted
from freshet.graph.function import functions_run_eagerly
from freshet.graph.tape import GradientTape
from freshet.keras.layers.layer import Layer, found_in
from freshet.keras.random import draw_seed
from freshet.keras.training.data import (
    ArrayData,
    IterableData,
    as_arrays,
    make_data,
    split_validation,
    unpack_x_y_sample_weight,
)
from freshet.keras.training.step_function import StepFunction
from freshet.ops.math import add
from freshet.ops.reduction import reduce_sum

# Families of many modules are imported by what needs them: a model that only predicts starts in
# less time.
if TYPE_CHECKING:
    from freshet.keras.callbacks.callback_list import CallbackList
    from freshet.keras.training.compilation import CompiledLoss, CompiledMetrics

Logs = dict[str, float]


class Trainer(Layer):
    """The part of a model that trains it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.optimizer: Any = None
        self.stop_training = False
        self.history: Any = None
        self._compiled = False
        self._compile_loss: CompiledLoss | None = None
        self._compile_metrics: CompiledMetrics | None = None
        self._compile_config: dict[str, Any] | None = None
        self._run_eagerly = False
        self._loss_tracker: Any = None
        self.train_function: Any = None
        self.test_function: Any = None
        self.predict_function: Any = None
        self._shuffle_seed: int | None = None
        self._epochs_seen = 0
        self._initial_epoch = 0

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs; empty where they are not known."""
        return []

    # --- compiling --------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how the model is trained.

        Args:
            optimizer: Name or object.
            loss: Name, function or object; a list or dict of them for several outputs.
            loss_weights: Weights of the outputs' losses.
            metrics: Names, functions or objects; "accuracy" is the one that fits the targets.
            weighted_metrics: The same, computed with the sample weights.
            run_eagerly: Run each step operation by operation, for debugging.
            steps_per_execution: Accepted for Keras programs; every step is one native call anyway.
            jit_compile: Accepted for Keras programs; every step is compiled.
            auto_scale_loss: Accepted for Keras programs.
        """
        from freshet.keras import optimizers  # noqa: PLC0415 (a family)
        from freshet.keras.training.compilation import (  # noqa: PLC0415 (it imports families)
            CompiledLoss,
            CompiledMetrics,
        )

        del auto_scale_loss
        self.optimizer = optimizers.get(optimizer)
        names = self.output_names
        self._compile_loss = CompiledLoss(loss, loss_weights, names) if loss is not None else None
        self._compile_metrics = CompiledMetrics(metrics, weighted_metrics, names)
        self._loss_tracker = _mean("loss")
        self._run_eagerly = run_eagerly
        self._compile_config = {
            "optimizer": self.optimizer, "loss": loss, "loss_weights": loss_weights,
            "metrics": metrics, "weighted_metrics": weighted_metrics, "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution, "jit_compile": bool(jit_compile),
        }  # fmt: skip
        self._compiled = True
        self.stop_training = False
        self.train_function = self.test_function = self.predict_function = None

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run operation by operation."""
        return self._run_eagerly or functions_run_eagerly()

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._run_eagerly = value

    @property
    def metrics(self) -> list[Any]:
        """The loss's mean, the compiled metrics, then those in attributes of model and layers."""
        found = [self._loss_tracker] if self._loss_tracker is not None else []
        if self._compile_loss is not None:
            found += [t for t in self._compile_loss.trackers if t is not None]
        if self._compile_metrics is not None:
            found += self._compile_metrics.metrics
        return list(dict.fromkeys([*found, *metrics_in(self)]))

    @property
    def metrics_names(self) -> list[str]:
        """Names of `metrics`."""
        return [m.name for m in self.metrics]

    def reset_metrics(self) -> None:
        """Set every metric back to its start."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> Logs:
        """Return what the metrics have come to."""
        return {m.name: _number(m.result()) for m in self.metrics}

    # --- steps: what a subclass may replace -------------------------------------------------------

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the loss of a batch: the compiled one plus what layers added."""
        del x, training
        total = None
        if self._compile_loss is not None:
            total = self._compile_loss(y, y_pred, sample_weight)
        for extra in self.losses:
            total = reduce_sum(extra) if total is None else add(total, reduce_sum(extra))
        if total is None:
            raise FailedPreconditionError(
                f"model {self.name!r} has no loss: give compile(loss=...) one, or let a layer call "
                "add_loss"
            )
        return total

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Add a batch to the metrics; return what all have come to."""
        del x
        if self._compile_metrics is not None:
            self._compile_metrics.update(y, y_pred, sample_weight)
        return {m.name: m.result() for m in self.metrics}

    def train_step(self, data: Any) -> dict[str, Any]:
        """Train on one batch; return the metrics."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = converted(self.compute_loss)(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        self._loss_tracker.update_state(loss, sample_weight=_examples(x))
        weights = self.trainable_weights
        if not weights:
            raise FailedPreconditionError(f"model {self.name!r} has no trainable weights")
        gradients = tape.gradient(scaled, weights)
        self.optimizer.apply_gradients(list(zip(gradients, weights, strict=True)))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Evaluate one batch; return the metrics."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = converted(self.compute_loss)(x, y, y_pred, sample_weight, training=False)
        self._loss_tracker.update_state(loss, sample_weight=_examples(x))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """Return the outputs for one batch."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)

    # --- loops ------------------------------------------------------------------------------------

    @short_traceback
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> Any:
        """Train for a number of passes over the data.

        Args:
            x: Inputs: an array, a list or dict of them, or an iterable of batches ``(x, y)``.
            y: Targets, unless x yields them.
            batch_size: Examples of a batch; 32 by default.
            epochs: Number of the epoch to stop after.
            verbose: 0 silent, 1 a progress bar, 2 a line per epoch; "auto" is 1.
            callbacks: Objects told of every epoch and batch.
            validation_split: Share of the arrays, from their end, to validate with.
            validation_data: ``(x, y)`` or ``(x, y, sample_weight)``, or an iterable of batches.
            shuffle: Take the examples in another order each epoch. The orders are fixed by the
                global seed, and go on where they stopped when training is resumed.
            class_weight: Weight of each class, as ``{class: weight}``.
            sample_weight: Weight of each example.
            initial_epoch: Number of the epoch to begin with, when resuming.
            steps_per_epoch: Batches of an epoch, for an iterable without end.
            validation_steps: Batches to validate with, for an iterable without end.
            validation_batch_size: `batch_size` by default.
            validation_freq: Epochs between validations, or a list of epochs to validate after.

        Returns:
            A `History`: its `history` holds the metrics of each epoch.

        Raises:
            FailedPreconditionError: `compile` was not called.
            InvalidArgumentError: The data does not fit the model or itself.
        """
        self._check_compiled("fit")
        if validation_split and validation_data is None:
            arrays = (
                as_arrays(x, "x"),
                as_arrays(y, "y"),
                as_arrays(sample_weight, "sample_weight"),
            )
            (x, y, sample_weight), validation_data = split_validation(arrays, validation_split)
        data = make_data(
            x, y, sample_weight, batch_size, steps_per_epoch, self._order if shuffle else None,
            class_weight,
        )  # fmt: skip
        if isinstance(data, ArrayData):
            self._examples = data.examples
        validation = None
        if validation_data is not None:
            validation = _validation(validation_data, validation_batch_size or batch_size,
                                     validation_steps)  # fmt: skip
        listeners = self._callbacks(callbacks, verbose, epochs, data, history=True)
        self.stop_training = False
        self._build_for_data(data)
        # `BackupAndRestore` sets it when training begins.
        self._initial_epoch = initial_epoch
        listeners.on_train_begin()
        logs: Logs = {}
        try:
            for epoch in range(self._initial_epoch, epochs):
                logs = self._train_epoch(data, epoch, listeners)
                if validation is not None and _validates(epoch, validation_freq):
                    logs |= self._validate(validation, callbacks)
                self._epochs_seen += 1
                listeners.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
        finally:
            listeners.close()
        if epochs > self._initial_epoch:
            self.optimizer.finalize_variable_values(self.trainable_weights)
        listeners.on_train_end(logs)
        return self.history

    def _train_epoch(self, data: ArrayData | IterableData, epoch: int, listeners: Any) -> Logs:
        self.reset_metrics()
        listeners.on_epoch_begin(epoch)
        if self.train_function is None:
            self.train_function = StepFunction(self, "train_step")
        logs: Logs = {}
        for number, batch in enumerate(data.batches(self._epochs_seen)):
            listeners.on_train_batch_begin(number)
            results = self.train_function(batch)
            logs = _logs(results)
            listeners.on_train_batch_end(number, logs)
            if self.stop_training:
                break
        return logs

    def _validate(self, data: ArrayData | IterableData, callbacks: Any) -> Logs:
        listeners = self._callbacks(callbacks, 0, 1, data, history=False)
        results = self._evaluate(data, listeners)
        return {f"val_{k}": v for k, v in results.items()}

    @short_traceback
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Return the loss and the metrics of the model on data.

        Args:
            x: As for `fit`.
            y: As for `fit`.
            batch_size: As for `fit`.
            verbose: As for `fit`.
            sample_weight: As for `fit`.
            steps: Batches to use, for an iterable without end.
            callbacks: As for `fit`.
            return_dict: Return a dict by name, instead of a list in the order of `metrics_names`.
        """
        self._check_compiled("evaluate")
        data = make_data(x, y, sample_weight, batch_size, steps)
        self._build_for_data(data)
        listeners = self._callbacks(callbacks, verbose, 1, data, history=False)
        logs = self._evaluate(data, listeners)
        if return_dict:
            return logs
        values = list(logs.values())
        return values[0] if len(values) == 1 else values

    def _evaluate(self, data: ArrayData | IterableData, listeners: Any) -> Logs:
        if self.test_function is None:
            self.test_function = StepFunction(self, "test_step")
        self.reset_metrics()
        listeners.on_test_begin()
        logs: Logs = {}
        try:
            for number, batch in enumerate(data.batches(0)):
                listeners.on_test_batch_begin(number)
                logs = _logs(self.test_function(batch))
                listeners.on_test_batch_end(number, logs)
        finally:
            listeners.close()
        listeners.on_test_end(logs)
        return logs

    @short_traceback
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the model's outputs as NumPy arrays.

        Args:
            x: As for `fit`.
            batch_size: As for `fit`.
            verbose: As for `fit`.
            steps: Batches to use, for an iterable without end.
            callbacks: As for `fit`.
        """
        data = make_data(x, None, None, batch_size, steps)
        self._build_for_data(data)
        if self.predict_function is None:
            self.predict_function = StepFunction(self, "predict_step")
        listeners = self._callbacks(callbacks, verbose, 1, data, history=False)
        listeners.on_predict_begin()
        parts: list[list[Array]] = []
        structure: Any = None
        try:
            for number, batch in enumerate(data.batches(0)):
                listeners.on_predict_batch_begin(number)
                structure = self.predict_function(batch)
                parts.append([np.asarray(leaf) for leaf in flatten(structure)])
                listeners.on_predict_batch_end(number, {})
        finally:
            listeners.close()
        listeners.on_predict_end({})
        joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
        return pack_sequence_as(structure, joined)

    # --- single batches ---------------------------------------------------------------------------

    @short_traceback
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Train on one batch; return the loss and the metrics of all batches since a reset."""
        self._check_compiled("train_on_batch")
        if self.train_function is None:
            self.train_function = StepFunction(self, "train_step")
        return self._on_batch(self.train_function, x, y, sample_weight, class_weight, return_dict)

    @short_traceback
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Evaluate one batch; return the loss and the metrics of all batches since a reset."""
        self._check_compiled("test_on_batch")
        if self.test_function is None:
            self.test_function = StepFunction(self, "test_step")
        return self._on_batch(self.test_function, x, y, sample_weight, None, return_dict)

    def _on_batch(
        self, function: Any, x: Any, y: Any, sample_weight: Any, class_weight: Any, as_dict: bool
    ) -> Any:
        rows = len(flatten(as_arrays(x, "x"))[0])
        data = make_data(x, y, sample_weight, rows, None, None, class_weight)
        self._build_for_data(data)
        logs = _logs(function(next(iter(data.batches(0)))))
        if as_dict:
            return logs
        values = list(logs.values())
        return values[0] if len(values) == 1 else values

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch as NumPy arrays."""
        rows = len(flatten(as_arrays(x, "x"))[0])
        return self.predict(x, batch_size=rows, verbose=0)

    # --- parts ------------------------------------------------------------------------------------

    def _check_compiled(self, what: str) -> None:
        if not self._compiled:
            raise FailedPreconditionError(
                f"model {self.name!r}: call compile(optimizer=..., loss=...) before {what}"
            )

    def _order(self, epoch: int) -> Array:
        """Return the order of the examples in an epoch, which the seed and its number fix."""
        if self._shuffle_seed is None:
            self._shuffle_seed = draw_seed()
        # As an array: of a list with numbers above 2**63 NumPy makes floats, which round.
        bits = np.random.Philox(key=np.array([self._shuffle_seed, epoch], np.uint64))
        return np.random.Generator(bits).permutation(self._examples)

    def _build_for_data(self, data: ArrayData | IterableData) -> None:
        """Make the weights and the optimizer's state before the first step is traced."""
        if isinstance(data, ArrayData) and not self.built:
            x = data.structure[0]
            shapes = map_structure(lambda a: (None, *a.shape[1:]), x)
            if isinstance(x, np.ndarray) and _has_default_call(self):
                self.build(shapes)
        if self.built and self.optimizer is not None:
            self.optimizer.build(self.trainable_weights)

    def _callbacks(
        self,
        callbacks: Any,
        verbose: Any,
        epochs: int,
        data: ArrayData | IterableData,
        *,
        history: bool,
    ) -> CallbackList:
        from freshet.keras.callbacks.callback_list import CallbackList  # noqa: PLC0415 (a family)

        level = 1 if verbose == "auto" else int(verbose)
        if isinstance(callbacks, CallbackList):
            return callbacks
        return CallbackList(
            callbacks, add_history=history, add_progbar=level != 0, model=self, verbose=level,
            epochs=epochs, steps=data.steps,
        )  # fmt: skip

    # --- configuration ----------------------------------------------------------------------------

    def get_compile_config(self) -> dict[str, Any] | None:
        """Return what `compile` was given, as JSON values; None where it cannot be saved."""
        from freshet.keras.configurable import serialize  # noqa: PLC0415

        return None if self._compile_config is None else serialize(self._compile_config)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as the saved model was, and make the optimizer's state."""
        from freshet.keras.configurable import deserialize_object  # noqa: PLC0415

        def restored(value: Any) -> Any:
            if isinstance(value, dict) and "class_name" in value:
                return deserialize_object(value)
            if isinstance(value, dict):
                return {k: restored(v) for k, v in value.items()}
            return [restored(v) for v in value] if isinstance(value, list) else value

        self.compile(**{k: restored(v) for k, v in config.items()})
        if self.built:
            self.optimizer.build(self.trainable_weights)


def _has_default_call(model: Any) -> bool:
    from freshet.keras.models.model import Model  # noqa: PLC0415

    return type(model).build is not Model.build or type(model).call is Model.call


def metrics_in(layer: Layer) -> list[Any]:
    """Return the metrics held in attributes of a layer and of the layers within."""
    from freshet.keras import metrics  # noqa: PLC0415 (a family)

    found = found_in(vars(layer), metrics.Metric)
    for inner in layer.layers_within():
        if not isinstance(inner, Trainer):  # another model's are its own
            found += metrics_in(inner)
    return found


def _mean(name: str) -> Any:
    from freshet.keras import metrics  # noqa: PLC0415 (a family)

    return metrics.Mean(name=name)


def _examples(x: Any) -> Any:
    """Return the number of examples of a batch, as the weight of its loss."""
    first = flatten(x)[0]
    size = first.shape[0] if first.ndim else 1
    return 1.0 if size is None else float(size)


def _number(value: Any) -> Any:
    return float(value.numpy()) if isinstance(value, Tensor) and value.ndim == 0 else value


def _logs(results: Any) -> Logs:
    if not isinstance(results, dict):
        raise InvalidArgumentError(
            "train_step and test_step must return a dict of metrics, received "
            f"{type(results).__name__}"
        )
    return {k: v if getattr(v, "ndim", 0) else float(v) for k, v in results.items()}


def _validation(data: Any, batch_size: int | None, steps: int | None) -> ArrayData | IterableData:
    if isinstance(data, (tuple, list)):
        x, y, sample_weight = unpack_x_y_sample_weight(tuple(data))
        return make_data(x, y, sample_weight, batch_size, steps)
    return make_data(data, None, None, batch_size, steps)


def _validates(epoch: int, frequency: Any) -> bool:
    if isinstance(frequency, (list, tuple, set)):
        return epoch + 1 in frequency
    return (epoch + 1) % int(frequency) == 0
