"""A model's step as a compiled function of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from freshet.core.dtypes import of_array
from freshet.core.nest import flatten, map_structure, pack_sequence_as
from freshet.core.shapes import TensorSpec
from freshet.core.tensor import Array, Tensor
from freshet.graph.autograph.calling import f as converted
from freshet.graph.function import ConcreteFunction, Function
from freshet.keras.training.data import Batch, pack_x_y_sample_weight
from freshet.ops.conversion import convert_to_tensor


class StepFunction:
    """A step of a model, compiled: called with a batch, it returns what the step returns.

    The step is traced once per dtypes and shapes of a batch. Results come as NumPy arrays.
    """

    def __init__(self, model: Any, step: str) -> None:
        self._model = model
        self._name = step
        self._concrete: dict[Any, ConcreteFunction] = {}
        self._functions: dict[Any, Function] = {}

    def __call__(self, batch: Batch) -> Any:
        """Run the step on a batch."""
        if self._model.run_eagerly:
            return self._run_eagerly(batch)
        concrete = self._concrete.get(batch.signature)
        if concrete is None:
            concrete = self._concrete[batch.signature] = self._trace(batch)
        results = concrete.executor(batch.arrays, concrete.captured_variables)
        return concrete.pack(results)

    def _trace(self, batch: Batch) -> ConcreteFunction:
        structure = batch.data
        function = self._functions.get(batch.form)
        if function is None:
            function = self._functions[batch.form] = Function(
                self._python(structure), name=self._name, keeps_variables=True
            )
        specs = [TensorSpec(a.shape, of_array(a)) for a in batch.arrays]
        try:
            return function.get_concrete_function(*specs)
        finally:
            # What layers added to the loss belongs to the graph and has no value outside.
            self._model._forget_losses()

    def _python(self, structure: Any) -> Callable[..., Any]:
        holes = [leaf is not None for leaf in flatten(structure)]

        def step(*tensors: Tensor) -> Any:
            given = iter(tensors)
            flat = [next(given) if hole else None for hole in holes]
            data = pack_sequence_as(structure, flat)
            one = converted(getattr(self._model, self._name))
            return one(pack_x_y_sample_weight(*data))

        return step

    def _run_eagerly(self, batch: Batch) -> Any:
        data = map_structure(lambda a: None if a is None else convert_to_tensor(a), batch.data)
        results = getattr(self._model, self._name)(pack_x_y_sample_weight(*data))
        return map_structure(
            lambda t: np.asarray(t.numpy()) if isinstance(t, Tensor) else t, results
        )
