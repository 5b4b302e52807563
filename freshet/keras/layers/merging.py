"""Layers that make one tensor of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, Final

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import broadcast_shapes
from freshet.core.tensor import Tensor
from freshet.keras.layers.layer import Layer
from freshet.ops import math, shaping
from freshet.ops.reduction import reduce_any


class BaseMerge(Layer):
    """What the merging layers share: they take a list of tensors whose shapes broadcast."""

    least = 2

    def _check_input(self, args: tuple[Any, ...]) -> None:
        tensors = args[0]
        kind = type(self).__name__
        if not isinstance(tensors, (list, tuple)) or len(tensors) < self.least:
            raise InvalidArgumentError(
                f"layer {self.name!r} ({kind}): expected a list of at least {self.least} tensors, "
                f"received {_described(tensors)}"
            )
        self._check_shapes([tuple(t.shape) for t in tensors])

    def _check_shapes(self, shapes: Sequence[tuple[Any, ...]]) -> None:
        broadcast_shapes(f"layer {self.name!r} ({type(self).__name__})", shapes)

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """Apply the layer."""
        return reduce(self.merge, inputs)

    def merge(self, x: Tensor, y: Tensor) -> Tensor:
        """Return what two tensors give."""
        raise NotImplementedError

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return where any input counts, if all have a mask."""
        del inputs
        if previous_mask is None or any(mask is None for mask in previous_mask):
            return None
        return reduce(math.logical_or, previous_mask)


def _described(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"{len(value)}"
    return f"one of shape {value.shape}" if hasattr(value, "shape") else repr(value)


class Add(BaseMerge):
    """Sum of the inputs.

    Example:
        >>> import freshet as ft
        >>> Add()([ft.ones([1, 2]), ft.ones([1, 2])]).numpy().tolist()
        [[2.0, 2.0]]
    """

    def merge(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the sum."""
        return math.add(x, y)


class Subtract(BaseMerge):
    """Difference of two inputs."""

    def merge(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the difference."""
        return math.subtract(x, y)


class Multiply(BaseMerge):
    """Product of the inputs, element by element."""

    def merge(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the product."""
        return math.multiply(x, y)


class Maximum(BaseMerge):
    """Largest of the inputs, element by element."""

    def merge(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the larger."""
        return math.maximum(x, y)


class Minimum(BaseMerge):
    """Smallest of the inputs, element by element."""

    def merge(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the smaller."""
        return math.minimum(x, y)


class Average(BaseMerge):
    """Mean of the inputs, element by element."""

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """Apply the layer."""
        total: Tensor = reduce(math.add, inputs) / float(len(inputs))
        return total


class Concatenate(BaseMerge):
    """The inputs one after the other along an axis.

    Args:
        axis: The dimension; the last by default.
        **kwargs: As for `Layer`.
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def _check_shapes(self, shapes: Sequence[tuple[Any, ...]]) -> None:
        del shapes  # the operation checks them

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """Apply the layer."""
        return shaping.concat(inputs, self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return where any feature counts; an input without a mask counts everywhere."""
        if previous_mask is None or all(mask is None for mask in previous_mask):
            return None
        parts = []
        for x, mask in zip(inputs, previous_mask, strict=True):
            whole = shaping.ones_like(x, "bool")
            if mask is not None:
                for _ in range(x.ndim - mask.ndim):
                    mask = shaping.expand_dims(mask, -1)  # noqa: PLW2901
                whole = math.logical_and(whole, mask)
            parts.append(whole)
        return reduce_any(shaping.concat(parts, self.axis), -1)


MERGERS: Final[dict[str, Callable[[], Layer]]] = {
    "add": Add,
    "subtract": Subtract,
    "multiply": Multiply,
}
"""The layers behind the operators of symbolic tensors."""
