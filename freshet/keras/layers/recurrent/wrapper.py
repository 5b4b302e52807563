"""`Wrapper`: a layer around another one."""

from __future__ import annotations

from typing import Any, Self

from freshet.core.errors import InvalidArgumentError
from freshet.keras.configurable import deserialize_object
from freshet.keras.layers.layer import Layer
from freshet.keras.layers.recurrent.inner import build_inner


class Wrapper(Layer):
    """What layers around another layer share; a subclass writes `call`.

    Args:
        layer: The layer within.
        **kwargs: As for `Layer`.

    Raises:
        InvalidArgumentError: `layer` is none.
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise InvalidArgumentError(
                f"{type(self).__name__}: expected a layer to wrap, received {layer!r}"
            )
        self.layer = layer

    def build(self, input_shape: Any) -> None:
        """Make the weights of the layer within."""
        build_inner(self, self.layer, input_shape)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make both layers from what `get_config` returned."""
        return cls(**{**config, "layer": deserialize_object(config["layer"])})
