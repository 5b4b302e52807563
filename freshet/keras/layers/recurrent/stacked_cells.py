"""`StackedRNNCells`: cells on top of each other, as one cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, is_nested, pack_sequence_as
from freshet.core.tensor import Tensor
from freshet.keras.configurable import deserialize_object
from freshet.keras.layers.layer import Layer
from freshet.keras.layers.recurrent.cell import zero_states
from freshet.keras.layers.recurrent.inner import build_inner, call_cell


class StackedRNNCells(Layer):
    """Cells on top of each other: the output of each is the input of the next.

    y[0] = x,   y[i+1], states[i]' = cells[i](y[i], states[i]),   output = y[n]

    Args:
        cells: The cells, from input to output.
        **kwargs: As for `Layer`.
    Call arguments:
        inputs: float[batch, features].
        states: A list with the states of each cell.
        training: Whether dropout acts.

    Raises:
        InvalidArgumentError: Something in the list is not a cell.

    Example:
        >>> import freshet as ft
        >>> from freshet.keras.layers import GRUCell, RNN
        >>> RNN(StackedRNNCells([GRUCell(4), GRUCell(2)]))(ft.ones([3, 5, 1])).shape
        TensorShape([3, 2])
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            check_cell(type(self).__name__, cell)
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """Size of the last cell's output."""
        return output_size_of(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return what each cell begins with."""
        return [first_states(cell, batch_size, self.compute_dtype) for cell in self.cells]

    def build(self, input_shape: Any) -> None:
        """Make the weights of each cell."""
        shape = tuple(input_shape)
        for cell in self.cells:
            if isinstance(cell, Layer):
                build_inner(self, cell, shape)
            shape = (shape[0], output_size_of(cell))

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, Any]:
        """Return the output and the new states for one step."""
        after = []
        for cell, own in zip(self.cells, states, strict=True):
            before = list(own) if is_nested(own) else [own]
            inputs, new = call_cell(cell, inputs, before, training)
            after.append(pack_sequence_as(own, flatten(new)))
        return inputs, after

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the cells from what `get_config` returned."""
        cells = [deserialize_object(cell) for cell in config["cells"]]
        return cls(**{**config, "cells": cells})


def check_cell(user: str, cell: Any) -> None:
    """Raise `InvalidArgumentError` if something is not a cell."""
    for needed in ("call", "state_size"):
        if not hasattr(cell, needed):
            raise InvalidArgumentError(
                f"{user}: a cell has a method call(inputs, states) and an attribute state_size; "
                f"{cell!r} has no {needed}"
            )


def output_size_of(cell: Any) -> int:
    """Return the size of a cell's output: that of its first state unless it says otherwise."""
    size = getattr(cell, "output_size", None)
    return int(flatten(cell.state_size)[0] if size is None else size)


def first_states(cell: Any, batch_size: Any, dtype: str) -> Any:
    """Return what a cell begins with: its own choice, or zeros."""
    own = getattr(cell, "get_initial_state", None)
    if own is None:
        return zero_states(cell.state_size, batch_size, dtype)
    return own(batch_size=batch_size)
