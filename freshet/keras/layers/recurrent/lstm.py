"""`LSTM`: long short-term memory."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras import activations
from freshet.keras.layers.recurrent.cell import Masks, RecurrentCell
from freshet.keras.layers.recurrent.gru import checked_use_cudnn
from freshet.keras.layers.recurrent.rnn import CellLayer
from freshet.ops import shaping


class LSTMCell(RecurrentCell):
    """One step of `LSTM`.

    With x float[batch, features], h and c float[batch, units], W_g, U_g and b_g the columns of
    `kernel`, `recurrent_kernel` and `bias` for gate g, and s the recurrent activation:

    i  = s(x @ W_i + h @ U_i + b_i)                 how much is written
    f  = s(x @ W_f + h @ U_f + b_f)                 how much stays
    o  = s(x @ W_o + h @ U_o + b_o)                 how much is shown
    c' = f * c + i * activation(x @ W_c + h @ U_c + b_c)
    h' = o * activation(c')

    The columns stand in the order i, f, c, o.

    Args:
        units: Size of output and of both states.
        activation: Of the candidate and the output; "tanh" by default.
        recurrent_activation: Of the gates; "sigmoid" by default.
        use_bias: Whether there is a bias, float[4 * units].
        kernel_initializer: Glorot & Bengio's uniform by default.
        recurrent_initializer: An orthogonal matrix by default, which keeps the state's length.
        bias_initializer: Zeros by default.
        unit_forget_bias: Let b_f begin with 1, so that a fresh layer remembers
            (Jozefowicz et al., ICML 2015).
        kernel_regularizer: Added to the loss.
        recurrent_regularizer: Added to the loss.
        bias_regularizer: Added to the loss.
        kernel_constraint: Applied after each update.
        recurrent_constraint: Applied after each update.
        bias_constraint: Applied after each update.
        dropout: Share of the inputs that are dropped in training.
        recurrent_dropout: Share of h's units that are dropped in training.
        seed: Of dropout.
        implementation: 1 lets each gate drop inputs of its own, 2 the same for all.
        **kwargs: As for `Layer`.
    Call arguments:
        inputs: float[batch, features].
        states: ``[h, c]``.
        training: Whether dropout acts.

    Source: Hochreiter & Schmidhuber, "Long Short-Term Memory", Neural Computation 9, 1997; with the
    forget gate of Gers et al., Neural Computation 12, 2000.
    """

    gates = 4
    states = 2
    not_in_config = frozenset({"implementation"})

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(
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
            **kwargs,
        )
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.drops_by_gate = implementation == 1 or self.recurrent_dropout != 0

    def first_bias(self) -> Any:
        """Return what initializes the bias."""
        if not self.unit_forget_bias:
            return self.bias_initializer

        def with_ones(shape: Any, dtype: Any = None) -> Tensor:
            n = self.units
            parts = [self.bias_initializer((size,), dtype=dtype) for size in (n, 2 * n)]
            return shaping.concat([parts[0], shaping.ones([n], dtype), parts[1]], 0)

        return with_ones

    def advance(
        self, part: Tensor, states: list[Tensor], masks: Masks
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the output and the new states."""
        (h, c), n = states, self.units
        z = part + self.recurrent(h, masks)
        i, f, candidate, o = (z[:, g * n : (g + 1) * n] for g in range(4))
        gate = self.recurrent_activation
        memory = gate(f) * c + gate(i) * self.activation(candidate)
        output = gate(o) * self.activation(memory)
        return output, [output, memory]


class LSTM(CellLayer):
    """Long short-term memory: an `LSTMCell` over the steps of a sequence.

    The equations are those of `LSTMCell`, with x, h and c of each step.

    Args:
        units: Size of output and of both states.
        activation: As for `LSTMCell`, like all up to `seed`.
        return_sequences: Return the outputs of all steps, not of the last one alone.
        return_state: Return the last state, too.
        go_backwards: Go from the last step to the first.
        stateful: Begin a batch with the states that the one before has left.
        unroll: Accepted for Keras programs; the loop is one native program anyway.
        use_cudnn: Accepted for Keras programs.
        implementation: As for `LSTMCell`.
        **kwargs: As for `RNN`.
    Call arguments:
        sequences: float[batch, steps, features].
        initial_state: ``[h, c]``; zeros by default.
        mask: bool[batch, steps]; where it is False the states stay as they are.
        training: Whether dropout acts.

    Returns:
        float[batch, units], or float[batch, steps, units] with `return_sequences`; with
        `return_state` h and c after it.

    Example:
        >>> import freshet as ft
        >>> y, h, c = LSTM(4, return_state=True)(ft.ones([2, 5, 3]))
        >>> y.shape, c.shape
        (TensorShape([2, 4]), TensorShape([2, 4]))

    Source: Hochreiter & Schmidhuber, "Long Short-Term Memory", Neural Computation 9, 1997; with the
    forget gate of Gers et al., Neural Computation 12, 2000.
    """

    cell_class = LSTMCell

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        cell = LSTMCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
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
            unit_forget_bias=unit_forget_bias,
            seed=seed,
            implementation=implementation,
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
        self.use_cudnn = checked_use_cudnn(type(self).__name__, use_cudnn)
