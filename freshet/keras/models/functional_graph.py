"""The layers between symbolic inputs and outputs, in an order in which they can run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, map_structure, pack_sequence_as
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.keras.layers.input_layer import InputLayer
from freshet.keras.layers.keras_tensor import KerasTensor, Node
from freshet.keras.layers.layer import Layer
from freshet.keras.masks import mask_of, with_mask
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast


def _maker(tensor: KerasTensor) -> Node:
    """Return the call that a symbolic tensor comes from."""
    assert tensor.history is not None
    node: Node = tensor.history.operation._inbound_nodes[tensor.history.node_index]
    return node


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
        every = self._sorted()
        self.nodes = [n for n in every if not isinstance(n.operation, InputLayer)]
        self.layers = self._layers_of(every)
        names = [layer.name for layer in self.layers]
        double = next((n for n in names if names.count(n) > 1), None)
        if double is not None:
            raise InvalidArgumentError(
                f"Model: two layers are called {double!r}; every layer of a model needs a name of "
                "its own"
            )

    def _sorted(self) -> list[Node]:
        """Return the calls in an order in which they can run, those of the inputs among them."""
        given = {id(t) for t in self.inputs}
        self._met: dict[Layer, int] = {}
        done: set[int] = set()
        order: list[Node] = []
        # Each entry is a call and those of its inputs that are not looked at yet: depth first,
        # without recursion, which would end at some hundred layers.
        stack: list[tuple[Node | None, Iterator[KerasTensor]]] = [(None, iter(self.outputs))]
        while stack:
            node, rest = stack[-1]
            tensor = next(rest, None)
            if tensor is None:
                stack.pop()
                if node is not None:
                    order.append(node)
            elif (below := self._entered(tensor, given, done)) is not None:
                stack.append((below, iter(below.inputs)))
        return order

    def _entered(self, tensor: KerasTensor, given: set[int], done: set[int]) -> Node | None:
        """Return the call that makes a tensor, when it is met for the first time."""
        node = _maker(tensor)
        is_input = isinstance(node.operation, InputLayer)
        if id(node) in done or (id(tensor) in given and not is_input):
            return None
        done.add(id(node))
        if is_input and id(tensor) not in given:
            raise InvalidArgumentError(
                f"Model: an output depends on the input {tensor.name!r}, which is not among "
                f"the model's inputs: {[t.name for t in self.inputs]}"
            )
        self._met.setdefault(node.operation, len(self._met))
        return node

    def _layers_of(self, nodes: list[Node]) -> list[Layer]:
        """Return the layers, those farthest from the outputs first; inputs without use, too.

        Between equally far ones the order is that in which they are met from the outputs back.
        Saved weights are numbered in this order, which is therefore Keras's.
        """
        inside = {id(n) for n in nodes}
        distances: dict[int, int] = {}
        farthest: dict[Layer, int] = {}
        for node in reversed(nodes):
            distance = max(distances.get(id(node), 0), farthest.get(node.operation, 0))
            farthest[node.operation] = distance
            for below in map(_maker, node.inputs):
                if id(below) in inside:
                    distances[id(below)] = max(distances.get(id(below), 0), distance + 1)
        for tensor in self.inputs:
            layer = _maker(tensor).operation
            if isinstance(layer, InputLayer):
                farthest.setdefault(layer, 0)
        return sorted(farthest, key=lambda x: (-farthest[x], self._met.get(x, -1)))

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
        return with_mask(cast(tensor, symbol.dtype), mask_of(value))

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
