"""`RNN`: a cell over the steps of a sequence; and what the layers of Freshet's own cells share."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.nest import flatten, is_nested, map_structure, pack_sequence_as
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras.configurable import constructor_arguments, deserialize_object
from freshet.keras.layers.layer import Layer
from freshet.keras.layers.recurrent.cell import RecurrentCell
from freshet.keras.layers.recurrent.inner import build_inner
from freshet.keras.layers.recurrent.loop import Manner, run
from freshet.keras.layers.recurrent.stacked_cells import StackedRNNCells, check_cell, first_states
from freshet.keras.names import class_prefix
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast


class RNN(Layer):
    """A cell over the steps of a sequence.

    output[t], states[t] = cell(x[t], states[t-1])

    A cell has ``call(inputs, states)`` (with an argument `training` if it asks for one), which
    returns the output and the new states, and `state_size`, a number or a list of them. It may have
    `output_size`, that of the first state by default, and ``get_initial_state(batch_size)``, zeros
    by default.

    Args:
        cell: The cell, or a list of cells to be stacked.
        return_sequences: Return the outputs of all steps, not of the last one alone.
        return_state: Return the last states, too.
        go_backwards: Go from the last step to the first; outputs come in that order.
        stateful: Begin a batch with the states that the one before has left. The size of the batch
            must be known and stay the same.
        unroll: Accepted for Keras programs; the loop is one native program anyway.
        zero_output_for_mask: Where the mask is False the output is 0, not the one before.
        **kwargs: As for `Layer`.
    Call arguments:
        sequences: float[batch, steps, ...].
        initial_state: The states to begin with.
        mask: bool[batch, steps]; where it is False the states stay as they are.
        training: Handed on to the cell.

    Returns:
        The output, float[batch, ...] or float[batch, steps, ...]; with `return_state` a tuple of it
        and the states.

    Raises:
        InvalidArgumentError: The cell has no `call` or no `state_size`.

    Example:
        >>> import freshet as ft
        >>> class Sum(ft.keras.layers.Layer):
        ...     state_size = 3
        ...     def call(self, inputs, states):
        ...         total = states[0] + inputs
        ...         return total, [total]
        >>> RNN(Sum())(ft.ones([2, 5, 3])).numpy().tolist()
        [[5.0, 5.0, 5.0], [5.0, 5.0, 5.0]]
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        check_cell(type(self).__name__, cell)
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.states: list[Any] | None = None

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the layer and its cell from what `get_config` returned."""
        if "cell" not in config:
            return cls(**config)
        return cls(**{**config, "cell": deserialize_object(config["cell"])})

    # --- states -----------------------------------------------------------------------------------

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the cell's states."""
        size = self.cell.state_size
        return list(size) if is_nested(size) else [size]

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """Return what the cell begins with."""
        states = first_states(self.cell, batch_size, self.compute_dtype)
        return list(states) if is_nested(states) else [states]

    def reset_state(self, states: Any = None) -> None:
        """Set the states of a stateful layer, to 0 by default.

        Raises:
            FailedPreconditionError: The layer is not stateful.
        """
        if not self.stateful:
            raise FailedPreconditionError(f"{self.name}.reset_state: the layer is not stateful")
        held: list[Variable] = flatten(self.states or [])
        given = [0.0 * v.numpy() for v in held] if states is None else flatten(states)
        if len(given) != len(held):
            raise InvalidArgumentError(
                f"{self.name}.reset_state: expected {len(held)} states, received {len(given)}"
            )
        for variable, value in zip(held, given, strict=True):
            variable.assign(np.asarray(value, variable.dtype.as_numpy_dtype))

    reset_states = reset_state

    def _own_variables(self) -> tuple[list[Variable], list[Variable]]:
        trained, fixed = super()._own_variables()
        held = {id(v) for v in flatten(self.states or [])}  # states are neither trained nor saved
        return trained, [v for v in fixed if id(v) not in held]

    def _first_states(self, x: Tensor, given: Any) -> list[Any]:
        """Return the states to begin with, of the layer's dtype."""
        batch = x.shape[0]
        if self.stateful:
            held = flatten(self.states)[0].shape[0]
            if batch is not None and batch != held:
                raise InvalidArgumentError(
                    f"layer {self.name!r} is stateful: every batch must have {held} examples as "
                    f"the first one, received {batch}"
                )
        if given is None and self.stateful:
            given = map_structure(lambda v: v.value(), self.states)
        if given is None:
            given = self.get_initial_state(shaping.shape(x)[0] if batch is None else batch)
        leaves = [cast(convert_to_tensor(s), self.compute_dtype) for s in flatten(given)]
        count = len(flatten(self.state_size))
        if len(leaves) != count:
            raise InvalidArgumentError(
                f"layer {self.name!r}: expected {count} initial states, received {len(leaves)}"
            )
        sizes = self.state_size
        return list(pack_sequence_as(sizes, leaves))

    # --- calling ----------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the cell's weights and the states of a stateful layer."""
        batch, _, *rest = tuple(input_shape)
        if isinstance(self.cell, Layer):
            build_inner(self, self.cell, (batch, *rest))
        if not self.stateful:
            return
        if batch is None:
            raise InvalidArgumentError(
                f"layer {self.name!r} is stateful: the size of the batch must be known, received "
                f"shape {input_shape}; give Input a batch_size"
            )
        kind = self.dtype_policy.variable_dtype
        self.states = map_structure(
            lambda n: Variable(
                np.zeros((batch, n)), trainable=False, dtype=kind, name="rnn_state"
            )._become_weight(),
            self.state_size,
        )

    def call(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Any = None,
        training: bool = False,
    ) -> Any:
        """Apply the layer."""
        manner = Manner(
            reverse=self.go_backwards, every=self.return_sequences, mask=_time_major(mask),
            zeros=self.zero_output_for_mask, training=training,
        )  # fmt: skip
        states = self._first_states(sequences, initial_state)
        output, states = run(self.cell, _swapped(sequences), states, manner)
        output, *states = map_structure(lambda y: cast(y, self.compute_dtype), [output, *states])
        if self.stateful:
            for variable, value in zip(flatten(self.states), flatten(states), strict=True):
                variable.assign(value)
        if self.return_sequences:
            output = _swapped(shaping.reverse(output, [0]) if self.go_backwards else output)
        return (output, *states) if self.return_state else output

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the output: that of the input if there is one for each step."""
        del inputs
        return flatten(previous_mask)[0] if self.return_sequences else None


def _swapped(x: Tensor) -> Tensor:
    """Return a tensor with its first two dimensions, batch and time, exchanged."""
    return shaping.transpose(x, [1, 0, *range(2, x.ndim)])


def _time_major(mask: Any) -> Tensor | None:
    """Return a mask as bool[steps, batch, 1]."""
    if mask is None or flatten(mask)[0] is None:
        return None
    given = cast(convert_to_tensor(flatten(mask)[0]), "bool")
    return _swapped(given if given.ndim > 2 else shaping.expand_dims(given, -1))


class CellLayer(RNN):
    """What `SimpleRNN`, `GRU` and `LSTM` share: an `RNN` that makes its cell itself.

    The arguments of the cell are attributes of the layer, too.
    """

    cell_class: ClassVar[type[RecurrentCell]] = RecurrentCell
    not_in_config = frozenset({"cell", "implementation", "use_cudnn"})

    @classmethod
    def cell_arguments(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the cell's arguments for `Layer`: its name, and what it shares with the layer."""
        own = {"name": class_prefix(cls.cell_class)}
        return own | {k: arguments[k] for k in ("dtype", "trainable") if k in arguments}

    def __getattr__(self, name: str) -> Any:
        if name != "cell" and name in constructor_arguments(self.cell_class):
            return getattr(self.cell, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _check_input(self, args: tuple[Any, ...]) -> None:
        shape, features = args[0].shape, self.cell.kernel.shape[0]
        if len(shape) != 3 or shape[-1] not in {features, None}:
            raise InvalidArgumentError(
                f"layer {self.name!r} ({type(self).__name__}): expected an input of shape [batch, "
                f"steps, {features}], received {shape}"
            )
