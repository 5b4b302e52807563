"""The layers between symbolic inputs and outputs, in an order in which they can run."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, map_structure, pack_sequence_as
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.keras.layers.input_layer import InputLayer
from freshet.keras.layers.keras_tensor import KerasTensor, Node
from freshet.keras.layers.layer import Layer
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast


class FunctionalGraph:
    """A directed graph of layer calls.

    Args:
        inputs: Symbolic tensors (or a structure of them) from `Input`.
        outputs: Symbolic tensors that depend on the inputs only.

    Raises:
        InvalidArgumentError: Something else is given, or an output depends on another input.
    """

    def __init__(self, name: str, inputs: Any, outputs: Any) -> None:
        self.name = name
        self.inputs_structure = inputs
        self.outputs_structure = outputs
        self.inputs: list[KerasTensor] = flatten(inputs)
        self.outputs: list[KerasTensor] = flatten(outputs)
        for role, tensors in (("inputs", self.inputs), ("outputs", self.outputs)):
            for tensor in tensors:
                if not isinstance(tensor, KerasTensor) or tensor.history is None:
                    raise InvalidArgumentError(
                        f"Model: {role} must be symbolic tensors, made by ft.keras.Input or by "
                        f"calling layers on them, received {tensor!r}"
                    )
        self.nodes = self._sorted()
        self.layers: list[Layer] = list(
            dict.fromkeys([*(self._input_layer(t) for t in self.inputs),
                           *(n.operation for n in self.nodes)])
        )  # fmt: skip
        names = [layer.name for layer in self.layers]
        double = next((n for n in names if names.count(n) > 1), None)
        if double is not None:
            raise InvalidArgumentError(
                f"Model: two layers are called {double!r}; every layer of a model needs a name of "
                "its own"
            )

    @staticmethod
    def _input_layer(tensor: KerasTensor) -> Layer:
        assert tensor.history is not None
        layer: Layer = tensor.history.operation
        return layer

    def _sorted(self) -> list[Node]:
        """Return the calls in order, those of the inputs left out."""
        given = {id(t) for t in self.inputs}
        done: set[int] = set()
        order: list[Node] = []

        def visit(tensor: KerasTensor) -> None:
            if id(tensor) in given:
                return
            history = tensor.history
            assert history is not None
            node = history.operation._inbound_nodes[history.node_index]
            if id(node) in done:
                return
            done.add(id(node))
            if isinstance(history.operation, InputLayer):
                raise InvalidArgumentError(
                    f"Model: an output depends on the input {tensor.name!r}, which is not among "
                    f"the model's inputs: {[t.name for t in self.inputs]}"
                )
            for below in node.inputs:
                visit(below)
            order.append(node)

        for tensor in self.outputs:
            visit(tensor)
        return order

    def run(self, inputs: Any, training: bool | None) -> Any:
        """Apply the layers to tensors."""
        values = {id(t): v for t, v in zip(self.inputs, self.standardize(inputs), strict=True)}
        for node in self.nodes:
            args, kwargs = node.replay(values)
            if node.operation._call_takes_training() and kwargs.get("training") is None:
                kwargs["training"] = training
            results = node.operation(*args, **kwargs)
            for symbol, value in zip(flatten(node.outputs), flatten(results), strict=True):
                values[id(symbol)] = value
        return map_structure(lambda t: values[id(t)], self.outputs_structure)

    # --- inputs -----------------------------------------------------------------------------------

    def standardize(self, inputs: Any) -> list[Any]:
        """Return one tensor per input, of its dtype and rank."""
        if isinstance(inputs, dict) and not isinstance(self.inputs_structure, dict):
            leaves = self._by_name(inputs)
        else:
            leaves = flatten(inputs)
        if len(leaves) != len(self.inputs):
            raise InvalidArgumentError(
                f"model {self.name!r} has {len(self.inputs)} inputs "
                f"({', '.join(t.name for t in self.inputs)}), received {len(leaves)}"
            )
        return [self._fitted(s, v) for s, v in zip(self.inputs, leaves, strict=True)]

    def _by_name(self, inputs: dict[str, Any]) -> list[Any]:
        missing = [t.name for t in self.inputs if t.name not in inputs]
        if missing:
            raise InvalidArgumentError(
                f"model {self.name!r}: no data for the input {missing[0]!r}; received "
                f"{', '.join(inputs)}"
            )
        return [inputs[t.name] for t in self.inputs]

    def _fitted(self, symbol: KerasTensor, value: Any) -> Any:
        if isinstance(value, KerasTensor):
            self._check(symbol, value.shape)
            return value
        tensor: Tensor = (
            value if isinstance(value, Tensor) else convert_to_tensor(np.asarray(value))
        )
        if tensor.dtype.kind == "string" and symbol.dtype.kind != "string":
            raise InvalidArgumentError(
                f"model {self.name!r}: the input {symbol.name!r} must be {symbol.dtype.name}, "
                "received strings"
            )
        rank = len(symbol.shape)
        # Grey images often lack their one channel, and single columns their one column.
        if tensor.ndim == rank - 1 and symbol.shape[-1] == 1:
            tensor = shaping.expand_dims(tensor, -1)
        elif tensor.ndim == rank + 1 and tensor.shape[-1] == 1:
            tensor = shaping.squeeze(tensor, -1)
        self._check(symbol, tensor.shape)
        return cast(tensor, symbol.dtype)

    def _check(self, symbol: KerasTensor, shape: TensorShape) -> None:
        if not symbol.shape.is_compatible_with(shape):
            raise InvalidArgumentError(
                f"model {self.name!r}: the input {symbol.name!r} must have shape {symbol.shape}, "
                f"received {shape}"
            )

    # --- configuration ----------------------------------------------------------------------------

    def reference(self, tensor: KerasTensor) -> list[Any]:
        """Return ``[layer name, call, output]``, the calls counted within this model."""
        history = tensor.history
        assert history is not None
        own = [n for n in self.nodes if n.operation is history.operation]
        node = history.operation._inbound_nodes[history.node_index]
        number = own.index(node) if node in own else 0
        return [history.operation.name, number, history.tensor_index]

    def references(self, structure: Any) -> Any:
        """Return a structure of tensors as references."""
        found = [self.reference(t) for t in flatten(structure)]
        if isinstance(structure, KerasTensor):
            return found[0]
        packed = pack_sequence_as(structure, found)
        return list(packed) if isinstance(packed, tuple) else packed
