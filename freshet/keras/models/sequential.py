"""`Sequential`: one layer after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape
from freshet.keras.layers.input_layer import Input, InputLayer
from freshet.keras.layers.keras_tensor import KerasTensor
from freshet.keras.layers.layer import Layer
from freshet.keras.models.functional_graph import FunctionalGraph
from freshet.keras.models.model import Model, serialize_with_build


class Sequential(Model):
    """Layers in a row, each with one input and one output.

    Args:
        layers: The layers; one may begin with `Input(shape)`, and the weights are made at once.
        trainable: Whether the weights are trained.
        name: Numbered by default.

    Raises:
        InvalidArgumentError: Something in the list is not a layer, or two layers have one name.

    Example:
        >>> import freshet as ft
        >>> model = ft.keras.Sequential([ft.keras.layers.Input((4,)), ft.keras.layers.Dense(2)])
        >>> model.count_params()
        10
    """

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        self._chain: list[Layer] = []
        for layer in layers or ():
            self.add(layer, rebuild=False)
        self._rebuild()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer at the end."""
        if isinstance(layer, KerasTensor) and layer.history is not None:
            layer = layer.history.operation
        if not isinstance(layer, Layer):
            raise InvalidArgumentError(
                f"Sequential.add: expected a layer, received {layer!r} of type "
                f"{type(layer).__name__}"
            )
        if any(layer.name == other.name for other in self._chain):
            raise InvalidArgumentError(
                f"Sequential.add: a layer called {layer.name!r} is there already; give the new one "
                "another name"
            )
        if isinstance(layer, InputLayer) and self._chain:
            raise InvalidArgumentError(
                f"Sequential.add: {layer.name!r} is an input and must come first"
            )
        if not self._chain and layer.given_batch_shape and not isinstance(layer, InputLayer):
            given = Input(batch_shape=layer.given_batch_shape, dtype=layer.dtype)
            assert given.history is not None
            self._chain.append(given.history.operation)
        self._chain.append(layer)
        if rebuild:
            self._rebuild()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer away and return it."""
        if not self._chain:
            raise InvalidArgumentError("Sequential.pop: the model has no layers")
        layer = self._chain.pop()
        if rebuild:
            self._rebuild()
        return layer

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order, without the input."""
        return [layer for layer in self._chain if not isinstance(layer, InputLayer)]

    def layers_within(self) -> list[Layer]:
        """Return the layers, in order."""
        return list(self._chain)

    def _rebuild(self) -> None:
        """Make the graph again if the shape of the input is known."""
        self._graph = None
        self.built = False
        self.train_function = self.test_function = self.predict_function = None
        if self._chain and isinstance(self._chain[0], InputLayer) and len(self._chain) > 1:
            self._build_chain(self._chain[0].output)

    def _build_chain(self, start: KerasTensor) -> None:
        tensor: Any = start
        for layer in self._chain:
            if isinstance(layer, InputLayer):
                continue
            tensor = layer(tensor)
            if not isinstance(tensor, KerasTensor):
                raise InvalidArgumentError(
                    f"Sequential: layer {layer.name!r} returns several tensors; use ft.keras.Model"
                )
        graph = FunctionalGraph(self.name, start, tensor)
        self._graph = graph
        self.built = True
        self._build_shape = start.shape

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of a shape (with the batch)."""
        if self._graph is not None or not self._chain:
            return
        if isinstance(self._chain[0], InputLayer):
            self._rebuild()
            return
        start = Input(batch_shape=tuple(TensorShape(input_shape)), dtype=self.compute_dtype)
        self._build_chain(start)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` makes the model again from."""
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self.dtype,
            "layers": [serialize_with_build(layer) for layer in self._chain],
        }
        if self._graph is not None:
            config["build_input_shape"] = list(self.input_shape)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Make a model from what `get_config` returned, with fresh weights."""
        from freshet.keras.configurable import deserialize_object  # noqa: PLC0415
        from freshet.keras.registry import custom_object_scope  # noqa: PLC0415

        with custom_object_scope(custom_objects or {}):
            layers = [deserialize_object(entry) for entry in config["layers"]]
        model = cls(layers, name=config.get("name"))
        shape = config.get("build_input_shape")
        if shape and not model.built:
            model.build(shape)
        if config.get("trainable") is False:
            model.trainable = False
        return model
