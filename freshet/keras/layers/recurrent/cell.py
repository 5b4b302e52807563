"""`RecurrentCell`: what the cells of Freshet share.

A step is split in two, because only a part of it has to wait for the step before:

    project     what the inputs give, of all steps of a sequence in one matrix product
    advance     what one step makes of that and the state
"""

from __future__ import annotations

from typing import Any, ClassVar

from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, map_structure, pack_sequence_as
from freshet.core.tensor import Tensor
from freshet.keras import activations, constraints, initializers, regularizers
from freshet.keras.layers.layer import Layer
from freshet.keras.random import SeedGenerator
from freshet.ops import shaping
from freshet.ops.contraction import matmul, tensordot
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import add
from freshet.ops.nn import drop_elements

Masks = list[Tensor] | None
"""Factors of dropout: one for all gates, or one for each; None for no dropout."""


def zero_states(sizes: Any, batch_size: Any, dtype: str) -> Any:
    """Return a state of zeros, float[batch, size], for each size of a structure."""
    zero = convert_to_tensor(0.0, dtype=dtype)
    return map_structure(lambda n: shaping.fill([batch_size, n], zero), sizes)


class RecurrentCell(Layer):
    """One step of a recurrent layer; a subclass writes `advance`.

    Args:
        units: Size of the output and of each state.
        activation: Of the new state.
        use_bias: Whether there is a bias.
        kernel_initializer: Of the inputs' weights.
        recurrent_initializer: Of the state's weights.
        bias_initializer: Of the bias.
        kernel_regularizer: Added to the loss.
        recurrent_regularizer: Added to the loss.
        bias_regularizer: Added to the loss.
        kernel_constraint: Applied after each update.
        recurrent_constraint: Applied after each update.
        bias_constraint: Applied after each update.
        dropout: Share of the inputs that are dropped in training, in [0, 1).
        recurrent_dropout: Share of the state's units that are dropped, where it is multiplied.
        seed: Of dropout; drawn from the global generator by default.
        **kwargs: As for `Layer`.

    Raises:
        InvalidArgumentError: `units` is not positive.
    """

    gates: ClassVar[int] = 1
    """How many blocks of `units` columns the kernels have."""
    states: ClassVar[int] = 1
    """How many states there are, the output first."""
    drops_by_gate = False
    """Whether each gate drops other elements."""

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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(units, int) or units <= 0:
            raise InvalidArgumentError(
                f"{type(self).__name__}: units must be a positive integer, received {units!r}"
            )
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = min(1.0, max(0.0, dropout))
        self.recurrent_dropout = min(1.0, max(0.0, recurrent_dropout))
        self.seed = seed
        drops = self.dropout or self.recurrent_dropout
        self.seed_generator = SeedGenerator(seed) if drops else None

    @property
    def state_size(self) -> Any:
        """Size of the state; a list of sizes where there are several."""
        return self.units if self.states == 1 else [self.units] * self.states

    @property
    def output_size(self) -> int:
        """Size of the output."""
        return self.units

    def get_initial_state(self, batch_size: Any = None) -> list[Tensor]:
        """Return states of zeros for a batch."""
        zeros = zero_states(self.state_size, batch_size, self.compute_dtype)
        return list(flatten(zeros))

    # --- weights ----------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make kernels and bias."""
        features = input_shape[-1] if input_shape else None
        if features is None:
            raise InvalidArgumentError(
                f"the last dimension of the input must be known, received shape {input_shape}"
            )
        columns = self.gates * self.units
        self.kernel = self.add_weight(
            (features, columns), self.kernel_initializer, name="kernel",
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        self.recurrent_kernel = self.add_weight(
            (self.units, columns), self.recurrent_initializer, name="recurrent_kernel",
            regularizer=self.recurrent_regularizer, constraint=self.recurrent_constraint,
        )  # fmt: skip
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                self.bias_shape(), self.first_bias(), name="bias",
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip

    def bias_shape(self) -> tuple[int, ...]:
        """Return the shape of the bias."""
        return (self.gates * self.units,)

    def first_bias(self) -> Any:
        """Return what initializes the bias."""
        return self.bias_initializer

    # --- one step ---------------------------------------------------------------------------------

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, Any]:
        """Return the output and the new states for one step."""
        before: list[Tensor] = flatten(states)
        part = self.project(inputs, training)
        output, after = self.advance(part, before, self.recurrent_masks(before[0], training))
        return output, pack_sequence_as(states, after)

    def project(self, x: Tensor, training: bool) -> Tensor:
        """Return the inputs times the kernel, plus their bias, for one step or all steps.

        Args:
            x: float[..., batch, features].
            training: Whether to drop inputs, the same ones in each step.

        Returns:
            float[..., batch, gates * units].
        """
        step = x[0] if x.ndim == 3 else x
        y = _product(x, self.kernel, self._masks(step, self.dropout, training))
        bias = self.input_bias()
        return y if bias is None else add(y, bias)

    def input_bias(self) -> Any:
        """Return the bias of the inputs' part."""
        return self.bias

    def recurrent_masks(self, state: Tensor, training: bool) -> Masks:
        """Draw what is dropped from the state where it is multiplied, the same in each step."""
        return self._masks(state, self.recurrent_dropout, training)

    def _masks(self, like: Tensor, rate: float, training: bool) -> Masks:
        if not training or self.seed_generator is None or not 0 < rate < 1:
            return None
        generator, one = self.seed_generator, shaping.ones_like(like)
        count = self.gates if self.drops_by_gate else 1
        return [drop_elements(one, rate, None, generator.next()) for _ in range(count)]

    def advance(
        self, part: Tensor, states: list[Tensor], masks: Masks
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the output and the new states.

        Args:
            part: What `project` gives for the step, float[batch, gates * units].
            states: float[batch, units] each.
            masks: Of `recurrent_masks`.
        """
        raise NotImplementedError

    def recurrent(self, state: Tensor, masks: Masks, gates: int | None = None) -> Tensor:
        """Return a state times the recurrent kernel: of the first gates, or of all."""
        if gates is None:
            return _product(state, self.recurrent_kernel, masks)
        kernel = self.recurrent_kernel[:, : gates * self.units]
        return _product(state, kernel, None if masks is None else masks[:gates])


def _product(x: Tensor, kernel: Any, masks: Masks) -> Tensor:
    """Return ``x @ kernel`` with dropout's factors on x, which may differ by gate."""
    times = matmul if x.ndim == 2 else lambda a, b: tensordot(a, b, 1)
    if masks is None:
        return times(x, kernel)
    if len(masks) == 1:
        return times(x * masks[0], kernel)
    blocks = shaping.split(kernel, len(masks), 1)
    parts = [times(x * mask, block) for mask, block in zip(masks, blocks, strict=True)]
    return shaping.concat(parts, -1)
