"""`GRU`: gated recurrent units."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras import activations
from freshet.keras.layers.recurrent.cell import Masks, RecurrentCell
from freshet.keras.layers.recurrent.rnn import CellLayer
from freshet.ops.contraction import matmul


class GRUCell(RecurrentCell):
    """One step of `GRU`.

    With x float[batch, features], h float[batch, units], W_g and U_g the columns of `kernel` and
    `recurrent_kernel` for gate g, b_g and c_g those of the bias's two rows, and s the recurrent
    activation:

    z  = s(x @ W_z + b_z + h @ U_z + c_z)                         how much stays
    r  = s(x @ W_r + b_r + h @ U_r + c_r)                         how much of h is looked at
    h~ = activation(x @ W_h + b_h + r * (h @ U_h + c_h))          with reset_after
    h~ = activation(x @ W_h + b_h + (r * h) @ U_h)                without; there are no c then
    h' = z * h + (1 - z) * h~

    Args:
        units: Size of output and state.
        activation: Of the candidate h~; "tanh" by default.
        recurrent_activation: Of the gates; "sigmoid" by default.
        use_bias: Whether there is a bias, float[2, 3 * units], or float[3 * units] without
            reset_after.
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
        reset_after: Whether r multiplies the state after its product with U_h (as cuDNN, and in
            one product with the gates), or before (as the paper).
        seed: Of dropout.
        implementation: 1 lets each gate drop inputs of its own, 2 the same for all.
        **kwargs: As for `Layer`.
    Call arguments:
        inputs: float[batch, features].
        states: ``[h]``.
        training: Whether dropout acts.

    Source: Cho et al. 2014, arXiv:1406.1078, equations 5 to 8.
    """

    gates = 3
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
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
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
        self.reset_after = reset_after
        self.drops_by_gate = implementation == 1 or self.recurrent_dropout != 0

    def bias_shape(self) -> tuple[int, ...]:
        """Return the shape of the bias."""
        columns = self.gates * self.units
        return (2, columns) if self.reset_after else (columns,)

    def input_bias(self) -> Any:
        """Return the bias of the inputs' part."""
        return self.bias[0] if self.bias is not None and self.reset_after else self.bias

    def advance(
        self, part: Tensor, states: list[Tensor], masks: Masks
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the output and the new state."""
        (h,), n = states, self.units
        inner = self.recurrent(h, masks, None if self.reset_after else 2)
        if self.reset_after and self.bias is not None:
            inner = inner + self.bias[1]
        z = self.recurrent_activation(part[:, :n] + inner[:, :n])
        r = self.recurrent_activation(part[:, n : 2 * n] + inner[:, n : 2 * n])
        if self.reset_after:
            candidate = r * inner[:, 2 * n :]
        else:
            seen = h if masks is None else h * masks[-1]
            candidate = matmul(r * seen, self.recurrent_kernel[:, 2 * n :])
        output = z * h + (1.0 - z) * self.activation(part[:, 2 * n :] + candidate)
        return output, [output]


class GRU(CellLayer):
    """Gated recurrent units: a `GRUCell` over the steps of a sequence.

    The equations are those of `GRUCell`, with x and h of each step.

    Args:
        units: Size of output and state.
        activation: As for `GRUCell`, like all up to `seed`.
        return_sequences: Return the outputs of all steps, not of the last one alone.
        return_state: Return the last state, too.
        go_backwards: Go from the last step to the first.
        stateful: Begin a batch with the states that the one before has left.
        unroll: Accepted for Keras programs; the loop is one native program anyway.
        reset_after: As for `GRUCell`.
        use_cudnn: Accepted for Keras programs.
        implementation: As for `GRUCell`.
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
        >>> GRU(4, return_sequences=True)(ft.ones([2, 5, 3])).shape
        TensorShape([2, 5, 4])

    Source: Cho et al. 2014, arXiv:1406.1078, equations 5 to 8.
    """

    cell_class = GRUCell

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        cell = GRUCell(
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
            reset_after=reset_after,
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


def checked_use_cudnn(user: str, value: Any) -> Any:
    """Return `use_cudnn`, which changes nothing; `InvalidArgumentError` if it is no such value."""
    if value not in {"auto", True, False}:
        raise InvalidArgumentError(
            f"{user}: use_cudnn must be 'auto', True or False, received {value!r}"
        )
    return value
