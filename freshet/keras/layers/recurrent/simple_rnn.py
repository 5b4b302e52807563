"""`SimpleRNN`: the plain recurrent layer."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras.layers.recurrent.cell import Masks, RecurrentCell
from freshet.keras.layers.recurrent.rnn import CellLayer


class SimpleRNNCell(RecurrentCell):
    """One step of `SimpleRNN`.

    h' = activation(x @ kernel + h @ recurrent_kernel + bias)

    with x float[batch, features], h float[batch, units], kernel float[features, units] and
    recurrent_kernel float[units, units].

    Args:
        units: Size of output and state.
        activation: "tanh" by default.
        use_bias: Whether there is a bias.
        kernel_initializer: Glorot & Bengio's uniform by default.
        recurrent_initializer: An orthogonal matrix by default, which keeps the state's length.
        bias_initializer: Zeros by default.
        kernel_regularizer: Added to the loss.
        recurrent_regularizer: Added to the loss.
        bias_regularizer: Added to the loss.
        kernel_constraint: Applied after each update.
        recurrent_constraint: Applied after each update.
        bias_constraint: Applied after each update.
        dropout: Share of the inputs that are dropped in training.
        recurrent_dropout: Share of the state's units that are dropped in training.
        seed: Of dropout.
        **kwargs: As for `Layer`.
    Call arguments:
        inputs: float[batch, features].
        states: ``[h]``.
        training: Whether dropout acts.

    Source: Elman, "Finding Structure in Time", Cognitive Science 14, 1990.
    """

    def advance(
        self, part: Tensor, states: list[Tensor], masks: Masks
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the output and the new state."""
        output = self.activation(part + self.recurrent(states[0], masks))
        return output, [output]


class SimpleRNN(CellLayer):
    """The plain recurrent layer: a `SimpleRNNCell` over the steps of a sequence.

    h[t] = activation(x[t] @ kernel + h[t-1] @ recurrent_kernel + bias)

    Args:
        units: Size of output and state.
        activation: As for `SimpleRNNCell`, like all up to `recurrent_dropout`.
        return_sequences: Return the outputs of all steps, not of the last one alone.
        return_state: Return the last state, too.
        go_backwards: Go from the last step to the first.
        stateful: Begin a batch with the states that the one before has left.
        unroll: Accepted for Keras programs; the loop is one native program anyway.
        seed: Of dropout.
        **kwargs: As for `RNN`.
    Call arguments:
        sequences: float[batch, steps, features].
        initial_state: ``[h]``; zeros by default.
        mask: bool[batch, steps]; where it is False the state stays as it is.
        training: Whether dropout acts.

    Returns:
        float[batch, units], or float[batch, steps, units] with `return_sequences`; with
        `return_state` the state after it.

    Example:
        >>> import freshet as ft
        >>> SimpleRNN(4)(ft.ones([2, 5, 3])).shape
        TensorShape([2, 4])

    Source: Elman, "Finding Structure in Time", Cognitive Science 14, 1990.
    """

    cell_class = SimpleRNNCell

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            **self.cell_arguments(kwargs),
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
